//! A digest of what a decision was made from: equal inputs can be recognised in the log without being in it.

use std::fmt::{self, Write};

/// FNV-1a over whatever is written to it: to tell inputs apart, not to withstand anybody.
struct Digest(u64);

impl Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = text.bytes().fold(self.0, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Ok(())
    }
}

/// Sixteen digits, the same for the same inputs.
pub(super) fn of(inputs: &impl fmt::Debug) -> String {
    let mut digest = Digest(0xcbf2_9ce4_8422_2325);
    // Writing into a number cannot fail.
    let _ = write!(digest, "{inputs:?}");
    format!("{:016x}", digest.0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn inputs_are_told_apart() {
        assert_eq!(super::of(&("a", 1)), super::of(&("a", 1)));
        assert_ne!(super::of(&("a", 1)), super::of(&("a", 2)));
        assert_eq!(super::of(&"").len(), 16);
    }
}
