//! Resident memory over time.

use std::time::Duration;

/// Changes made so far, and the memory in MiB then.
#[derive(Default)]
pub(crate) struct Samples(Vec<(f64, f64)>);

impl Samples {
    pub(crate) fn add(&mut self, changes: usize, mebibytes: f64) {
        self.0.push((changes as f64, mebibytes));
    }

    /// Says on standard error, twice a minute or so, how it goes.
    pub(crate) fn tell(&self, elapsed: Duration) {
        if let (1, Some((changes, mebibytes))) = (self.0.len() % 6, self.0.last()) {
            eprintln!("{:>5} s {changes:>7} changes {mebibytes:>7.2} MiB", elapsed.as_secs());
        }
    }

    /// The slope of the line that fits best, without the first third, in which caches and pools reach their size.
    pub(crate) fn bytes_per_change(&self) -> f64 {
        let settled = &self.0[self.0.len() / 3..];
        let mean = |of: fn(&(f64, f64)) -> f64| settled.iter().map(of).sum::<f64>() / settled.len() as f64;
        let (changes, mebibytes) = (mean(|sample| sample.0), mean(|sample| sample.1));
        let (mut together, mut alone) = (0.0, 0.0);
        for sample in settled {
            together += (sample.0 - changes) * (sample.1 - mebibytes);
            alone += (sample.0 - changes).powi(2);
        }
        if alone > 0.0 { together / alone * 1024.0 * 1024.0 } else { 0.0 }
    }
}
