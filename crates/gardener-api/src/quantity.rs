//! Kubernetes quantities, exactly: `100m`, `1.5Gi`, `1e3`, `12E`.

use std::cmp::Ordering;

/// An exact amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// The amount times 10^9, rounded up in magnitude as Kubernetes does; saturated at the ends of the range.
    nano: i128,
}

/// A text that is no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "quantities are a number with an optional suffix such as m, k, Ki, M, Mi, G, Gi, T, Ti, P, Pi, E, Ei or an exponent"
)]
pub struct QuantityError;

const NANO: i128 = 1_000_000_000;

impl Quantity {
    /// Reads a quantity.
    ///
    /// # Errors
    /// [`QuantityError`] for anything that Kubernetes does not take.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, text.get(1..).unwrap_or_default()),
            Some(b'+') => (false, text.get(1..).unwrap_or_default()),
            _ => (false, text),
        };
        let end = unsigned.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return Err(QuantityError);
        }
        let scale = Scale::of(suffix)?;
        let digits: String = whole.chars().chain(fraction.chars()).collect();
        let nano = scale.apply(&digits, fraction.len());
        Ok(Self { nano: if negative { -nano } else { nano } })
    }

    /// Less than, equal to or greater than zero.
    #[must_use]
    pub fn sign(self) -> Ordering {
        self.nano.cmp(&0)
    }

    /// Whether the amount is a whole number.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.nano % NANO == 0
    }
}

enum Scale {
    Decimal(i32),
    Binary(u32),
}

impl Scale {
    fn of(suffix: &str) -> Result<Self, QuantityError> {
        Ok(match suffix {
            "" => Self::Decimal(0),
            "n" => Self::Decimal(-9),
            "u" => Self::Decimal(-6),
            "m" => Self::Decimal(-3),
            "k" => Self::Decimal(3),
            "M" => Self::Decimal(6),
            "G" => Self::Decimal(9),
            "T" => Self::Decimal(12),
            "P" => Self::Decimal(15),
            "E" => Self::Decimal(18),
            "Ki" => Self::Binary(10),
            "Mi" => Self::Binary(20),
            "Gi" => Self::Binary(30),
            "Ti" => Self::Binary(40),
            "Pi" => Self::Binary(50),
            "Ei" => Self::Binary(60),
            exponent => {
                let digits = exponent.strip_prefix(['e', 'E']).ok_or(QuantityError)?;
                Self::Decimal(digits.parse().map_err(|_| QuantityError)?)
            }
        })
    }

    /// `digits` with `fraction` of them behind the point, scaled to nano, rounded up.
    fn apply(&self, digits: &str, fraction: usize) -> i128 {
        let Some(number) = digits
            .bytes()
            .try_fold(0_i128, |number, digit| number.checked_mul(10)?.checked_add(i128::from(digit - b'0')))
        else {
            return i128::MAX;
        };
        let fraction = i32::try_from(fraction).unwrap_or(i32::MAX);
        let (factor, exponent) = match self {
            Self::Decimal(exponent) => (1, exponent.saturating_add(9).saturating_sub(fraction)),
            Self::Binary(bits) => (1_i128 << bits, 9_i32.saturating_sub(fraction)),
        };
        let Some(number) = number.checked_mul(factor) else { return i128::MAX };
        if number == 0 {
            return 0;
        }
        let power = 10_i128.checked_pow(exponent.unsigned_abs());
        match (exponent >= 0, power) {
            (true, Some(power)) => number.saturating_mul(power),
            (true, None) => i128::MAX,
            (false, Some(power)) => number / power + i128::from(number % power != 0),
            (false, None) => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form() {
        for (text, nano) in [
            ("1", 1_000_000_000),
            ("100m", 100_000_000),
            ("0.5", 500_000_000),
            (".5", 500_000_000),
            ("1.", 1_000_000_000),
            ("1Ki", 1_024_000_000_000),
            ("1.5Gi", 1_610_612_736_000_000_000),
            ("1e3", 1_000_000_000_000),
            ("1E-3", 1_000_000),
            ("12E", 12_000_000_000_000_000_000_000_000_000),
            ("5u", 5_000),
            ("1n", 1),
            ("0.1n", 1),
            ("-1", -1_000_000_000),
            ("+1", 1_000_000_000),
            ("0", 0),
        ] {
            assert_eq!(Quantity::parse(text), Ok(Quantity { nano }), "{text}");
        }
    }

    #[test]
    fn refuses_what_kubernetes_refuses() {
        for text in ["", "-", ".", "1.2.3", "1 Gi", "Gi", "1KI", "1K", "1e", "e3", "1mi", "0x1", "١"] {
            assert_eq!(Quantity::parse(text), Err(QuantityError), "{text}");
        }
    }

    #[test]
    fn what_is_too_large_saturates() {
        assert_eq!(Quantity::parse("1e99999").unwrap().sign(), Ordering::Greater);
        assert_eq!(Quantity::parse(&"9".repeat(60)).unwrap().sign(), Ordering::Greater);
        assert_eq!(Quantity::parse("1e-99999").unwrap().sign(), Ordering::Greater);
    }

    #[test]
    fn whole_numbers() {
        assert!(Quantity::parse("1e3").unwrap().is_whole());
        assert!(!Quantity::parse("1500m").unwrap().is_whole());
    }
}
