//! Kubernetes resource quantities (`100m`, `1.5Gi`, `12e3`), exact.
//!
//! The crates for this deviate from Kubernetes, so the format is read here: a signed decimal number, then one of a binary suffix
//! (`Ki` … `Ei`), a decimal suffix (`n`, `u`, `m`, none, `k` … `E`) or a decimal exponent (`e3`, `E-2`). Values below one
//! nano-unit are rounded away from zero, as Kubernetes does.

use std::cmp::Ordering;
use std::fmt;

/// An exact resource quantity. It displays in the canonical form of Kubernetes: `1.5` as `1500m`, `1024Mi` as `1Gi`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// The value is `mantissa` times ten to the power of `exponent`; the mantissa has no trailing zeros.
    mantissa: i128,
    exponent: i32,
    format: Format,
}

/// Which family of suffixes was used; the canonical form keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    BinarySi,
    DecimalSi,
    DecimalExponent,
}

/// A text that is no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "quantities are a number with an optional suffix such as m, k, Ki, M, Mi, G, Gi, T, Ti, P, Pi, E, Ei or an exponent"
)]
pub struct QuantityError;

const NANO: i32 = -9;
const DECIMAL_SUFFIXES: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
/// Kubernetes caps amounts with a binary suffix here.
const MAX_BINARY: i128 = i64::MAX as i128;
const BINARY_SUFFIXES: [(&str, u32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

impl Quantity {
    /// Reads a quantity. Amounts beyond 38 digits are taken as the largest that can be held.
    ///
    /// # Errors
    /// [`QuantityError`] for a text that is no quantity.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let (is_negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, text.get(1..).unwrap_or_default()),
            Some(b'+') => (false, text.get(1..).unwrap_or_default()),
            _ => (false, text),
        };
        let number_end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(number_end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return Err(QuantityError);
        }
        let fraction = fraction.trim_end_matches('0');
        let digits = whole.bytes().chain(fraction.bytes());
        let magnitude = digits.fold(0_i128, |number, digit| {
            number.saturating_mul(10).saturating_add(i128::from(digit.wrapping_sub(b'0')))
        });
        let mantissa = if is_negative { -magnitude } else { magnitude };
        let places = i32::try_from(fraction.len()).unwrap_or(i32::MAX);
        let quantity = match interpret(suffix)? {
            Suffix::Binary(bits) => {
                Self::new(mantissa.saturating_mul(1 << bits), 0_i32.saturating_sub(places), Format::BinarySi)
            }
            Suffix::Decimal(exponent) => Self::new(mantissa, exponent.saturating_sub(places), Format::DecimalSi),
            Suffix::Exponent(exponent) => Self::new(mantissa, exponent.saturating_sub(places), Format::DecimalExponent),
        };
        Ok(round_to_nano(quantity).capped())
    }

    /// Less than, equal to or greater than zero.
    #[must_use]
    pub fn sign(self) -> Ordering {
        self.mantissa.cmp(&0)
    }

    /// Whether it is whole once rounded away from zero to thousandths, which is how Kubernetes checks counts.
    #[must_use]
    pub fn is_whole(self) -> bool {
        if self.exponent >= 0 {
            return true;
        }
        // With one or two decimal places a fraction remains: the mantissa has no trailing zero.
        let Ok(places) = u32::try_from(-3 - self.exponent) else { return false };
        let Some(divisor) = 10_i128.checked_pow(places) else { return false };
        divide_away_from_zero(self.mantissa, divisor) % 1000 == 0
    }

    fn capped(self) -> Self {
        let is_capped = self.format == Format::BinarySi
            && self.exponent >= 0
            && self.whole().is_none_or(|whole| whole.abs() > MAX_BINARY);
        if is_capped { Self::new(self.mantissa.signum() * MAX_BINARY, 0, self.format) } else { self }
    }

    fn new(mantissa: i128, exponent: i32, format: Format) -> Self {
        if mantissa == 0 {
            return Self { mantissa, exponent: 0, format };
        }
        let (mut mantissa, mut exponent) = (mantissa, exponent);
        while mantissa % 10 == 0 {
            mantissa /= 10;
            exponent = exponent.saturating_add(1);
        }
        Self { mantissa, exponent, format }
    }

    /// The whole value, where it is whole and fits.
    fn whole(&self) -> Option<i128> {
        let places = u32::try_from(self.exponent).ok()?;
        self.mantissa.checked_mul(10_i128.checked_pow(places)?)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.mantissa == 0 {
            return f.write_str("0");
        }
        if self.format == Format::BinarySi
            && let Some(whole) = self.whole()
            && whole.abs() >= 1024
        {
            let (mut value, mut suffix) = (whole, "");
            for (next, _) in BINARY_SUFFIXES {
                if value % 1024 != 0 {
                    break;
                }
                value /= 1024;
                suffix = next;
            }
            return write!(f, "{value}{suffix}");
        }
        // Thousands only: the exponent goes down to a multiple of three, the mantissa takes the zeros.
        let exponent = self.exponent - self.exponent.rem_euclid(3);
        let zeros = usize::try_from(self.exponent - exponent).unwrap_or_default();
        write!(f, "{}{:0<zeros$}", self.mantissa, "")?;
        let suffix = DECIMAL_SUFFIXES.iter().find(|(_, power)| *power == exponent);
        match suffix {
            Some((suffix, _)) if self.format != Format::DecimalExponent => f.write_str(suffix),
            _ if exponent == 0 => Ok(()),
            _ => write!(f, "e{exponent}"),
        }
    }
}

enum Suffix {
    Binary(u32),
    Decimal(i32),
    Exponent(i32),
}

fn interpret(suffix: &str) -> Result<Suffix, QuantityError> {
    if let Some((_, exponent)) = DECIMAL_SUFFIXES.iter().find(|(name, _)| *name == suffix) {
        return Ok(Suffix::Decimal(*exponent));
    }
    if let Some((_, bits)) = BINARY_SUFFIXES.iter().find(|(name, _)| *name == suffix) {
        return Ok(Suffix::Binary(*bits));
    }
    let exponent = suffix.strip_prefix(['e', 'E']).ok_or(QuantityError)?;
    exponent.parse().map(Suffix::Exponent).map_err(|_| QuantityError)
}

fn round_to_nano(quantity: Quantity) -> Quantity {
    let Ok(places) = u32::try_from(NANO.saturating_sub(quantity.exponent)) else { return quantity };
    if quantity.mantissa == 0 {
        return quantity;
    }
    let mantissa = match 10_i128.checked_pow(places) {
        Some(divisor) => divide_away_from_zero(quantity.mantissa, divisor),
        None => quantity.mantissa.signum(),
    };
    Quantity::new(mantissa, NANO, quantity.format)
}

fn divide_away_from_zero(value: i128, divisor: i128) -> i128 {
    let quotient = value / divisor;
    if value % divisor == 0 { quotient } else { quotient + value.signum() }
}

#[cfg(test)]
mod tests {
    use super::{Ordering, Quantity, QuantityError};

    #[test]
    fn canonical_form_as_kubernetes_prints_it() {
        for (text, canonical) in [
            ("0", "0"),
            ("-0", "0"),
            ("0Gi", "0"),
            ("1", "1"),
            ("007", "7"),
            ("100m", "100m"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("1.5", "1500m"),
            ("0.5m", "500u"),
            ("1n", "1n"),
            ("0.1n", "1n"),
            ("-0.1n", "-1n"),
            ("1.0000000001", "1000000001n"),
            ("1e-99999", "1e-9"),
            ("100000", "100k"),
            ("12E", "12E"),
            ("1e3", "1e3"),
            ("12e4", "120e3"),
            ("1e-3", "1e-3"),
            ("1.", "1"),
            (".5", "500m"),
            ("1Gi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("1024Mi", "1Gi"),
            ("-1Mi", "-1Mi"),
            ("0.5Ki", "512"),
            ("1025Ki", "1025Ki"),
            ("0.1Ki", "102400m"),
            ("1000E", "1e21"),
            ("100Ei", "9223372036854775807"),
        ] {
            assert_eq!(Quantity::parse(text).map(|quantity| quantity.to_string()).as_deref(), Ok(canonical), "{text}");
        }
    }

    #[test]
    fn printing_and_reading_again_keeps_the_value() {
        for text in ["1", "-7", "100m", "1.5Gi", "0.1Ki", "12E", "1e30", "3e-9", "999999999999n", "1025Ki", "-1.25Ti"] {
            let quantity = Quantity::parse(text).unwrap();
            let again = Quantity::parse(&quantity.to_string()).unwrap();
            assert_eq!((quantity.mantissa, quantity.exponent), (again.mantissa, again.exponent), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_quantity() {
        for text in
            ["", "-", ".", "1.2.3", "1 Gi", "1 ", "Gi", "1KI", "1K", "1e", "e3", "1mi", "1e1.5", "--1", "0x1", "١"]
        {
            assert_eq!(Quantity::parse(text), Err(QuantityError), "{text}");
        }
    }

    #[test]
    fn sign_and_wholeness() {
        for (text, sign, is_whole) in [
            ("0", Ordering::Equal, true),
            ("-1", Ordering::Less, true),
            ("1.5", Ordering::Greater, false),
            ("1500m", Ordering::Greater, false),
            ("0.25", Ordering::Greater, false),
            ("1u", Ordering::Greater, false),
            ("999999999n", Ordering::Greater, true),
            ("1e3", Ordering::Greater, true),
            ("1e99999", Ordering::Greater, true),
        ] {
            let quantity = Quantity::parse(text).unwrap();
            assert_eq!((quantity.sign(), quantity.is_whole()), (sign, is_whole), "{text}");
        }
        assert_eq!(Quantity::parse(&"9".repeat(60)).unwrap().sign(), Ordering::Greater);
    }
}
