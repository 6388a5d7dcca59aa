//! One macro for every closed set that people, metrics and status fields see by its code.

/// Declares an enum whose variants have a stable code, equal to the variant's name unless one is given, with `ALL`, `code`,
/// `Display`, `FromStr` and, with the feature `serde`, both directions of serialisation by that code.
macro_rules! closed_set {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident $(= $code:literal)?),+ $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub enum $name {
            $($(#[$variant_meta])* $(#[cfg_attr(feature = "serde", serde(rename = $code))])? $variant),+
        }

        impl $name {
            /// Every member, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable code, spelled the same in status, JSON, metrics, Events and documents.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => crate::codes::closed_set!(@code $variant $($code)?)),+
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                formatter.write_str(self.code())
            }
        }

        impl core::str::FromStr for $name {
            type Err = crate::codes::UnknownCode;

            fn from_str(code: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|member| member.code() == code).ok_or(crate::codes::UnknownCode)
            }
        }
    };
    (@code $variant:ident $code:literal) => { $code };
    (@code $variant:ident) => { stringify!($variant) };
}

pub(crate) use closed_set;

/// A text that is no code of the closed set it was read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCode;

impl core::fmt::Display for UnknownCode {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("unknown code")
    }
}

impl core::error::Error for UnknownCode {}
