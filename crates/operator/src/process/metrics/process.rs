//! The series of the process itself, read from `/proc` when they are asked for.
//!
//! What cannot be read is left out: a metric is no reason to fail.

use std::fmt;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::table::{self, Kind, Series};

/// In `/proc`, Linux counts CPU time in this unit on every machine, whatever the kernel uses inside.
const TICKS_PER_SECOND: f64 = 100.0;

#[derive(Debug)]
struct Process;

/// Registers the series.
pub(crate) fn register(registry: &mut Registry) {
    registry.register_collector(Box::new(Process));
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (series, value) in values().into_iter().filter_map(|(series, value)| Some((series, value?))) {
            let family = super::text::family(&mut encoder, series)?;
            match series.kind {
                Kind::Counter => ConstCounter::<f64>::new(value).encode(family)?,
                Kind::Gauge | Kind::Histogram => ConstGauge::<f64>::new(value).encode(family)?,
            }
        }
        Ok(())
    }
}

fn values() -> [(&'static Series, Option<f64>); 9] {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let (stat, status, limits) = (read("/proc/self/stat"), read("/proc/self/status"), read("/proc/self/limits"));
    let netstat = read("/proc/self/net/netstat");
    [
        (&table::PROCESS_CPU, cpu_seconds(&stat)),
        (&table::PROCESS_OPEN_FDS, open_files()),
        (&table::PROCESS_MAX_FDS, limit(&limits, "Max open files")),
        (&table::PROCESS_RESIDENT_MEMORY, kibibytes(&status, "VmRSS:")),
        (&table::PROCESS_VIRTUAL_MEMORY, kibibytes(&status, "VmSize:")),
        (&table::PROCESS_VIRTUAL_MEMORY_MAX, limit(&limits, "Max address space")),
        (&table::PROCESS_START_TIME, start_time(&stat, &read("/proc/stat"))),
        (&table::PROCESS_NETWORK_RECEIVE, ip_octets(&netstat, "InOctets")),
        (&table::PROCESS_NETWORK_TRANSMIT, ip_octets(&netstat, "OutOctets")),
    ]
}

/// A field of `/proc/self/stat`, counted from 1 as in proc(5). The name of the program, which may hold anything, comes second.
fn field(stat: &str, number: usize) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
}

fn cpu_seconds(stat: &str) -> Option<f64> {
    Some((field(stat, 14)? + field(stat, 15)?) / TICKS_PER_SECOND)
}

fn start_time(stat: &str, system: &str) -> Option<f64> {
    let boot: f64 = system.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(boot + field(stat, 22)? / TICKS_PER_SECOND)
}

fn kibibytes(status: &str, name: &str) -> Option<f64> {
    let value: f64 =
        status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()?;
    Some(value * 1024.0)
}

/// The soft limit; -1 where there is none, as Prometheus' client library for Go says it.
fn limit(limits: &str, name: &str) -> Option<f64> {
    match limits.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()? {
        "unlimited" => Some(-1.0),
        number => number.parse().ok(),
    }
}

/// One of the descriptors is the one that reads the folder.
fn open_files() -> Option<f64> {
    let files = fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1);
    u32::try_from(files).ok().map(f64::from)
}

/// `netstat` has a line of names and a line of values per group.
fn ip_octets(netstat: &str, name: &str) -> Option<f64> {
    let mut lines = netstat.lines().filter_map(|line| line.strip_prefix("IpExt:"));
    let (names, values) = (lines.next()?, lines.next()?);
    names.split_whitespace().zip(values.split_whitespace()).find(|(found, _)| *found == name)?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_name_and_position() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 2 0 0 0 150 50 0 0 20 0 3 0 2000 1 2";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(start_time(stat, "cpu 1 2\nbtime 1700000000\n"), Some(1_700_000_020.0));
        assert_eq!(cpu_seconds(""), None);
        assert_eq!(kibibytes("VmSize:\t   40 kB\nVmRSS:\t   12 kB\n", "VmRSS:"), Some(12_288.0));
        let limits = "Limit  Soft  Hard  Units\nMax open files            1024  4096  files\nMax address space  unlimited  unlimited  bytes\n";
        assert_eq!(limit(limits, "Max open files"), Some(1024.0));
        assert_eq!(limit(limits, "Max address space"), Some(-1.0));
        assert_eq!(limit(limits, "Max nothing"), None);
        let netstat = "TcpExt: InOctets\nTcpExt: 5\nIpExt: InNoRoutes InOctets OutOctets\nIpExt: 0 17 23\n";
        assert_eq!((ip_octets(netstat, "InOctets"), ip_octets(netstat, "OutOctets")), (Some(17.0), Some(23.0)));
    }

    #[test]
    fn this_process_has_them_all() {
        for (series, value) in values() {
            assert!(value.is_some(), "{}", series.name);
        }
    }
}
