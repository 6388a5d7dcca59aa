//! The text format of Prometheus, version 0.0.4, which every scraper reads. The library writes OpenMetrics: there, the family
//! of a counter has no `_total`, and the text has an end mark.

use std::fmt;

use prometheus_client::encoding::text as open_metrics;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::table::{Kind, Series};

/// The content type of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Everything in the registry.
pub(crate) fn encode(registry: &Registry) -> Result<String, fmt::Error> {
    let mut text = String::new();
    open_metrics::encode_registry(&mut text, registry)?;
    Ok(plain(&text))
}

/// Starts a family of values that are made when they are asked for.
pub(super) fn family<'a>(
    encoder: &'a mut DescriptorEncoder<'_>,
    series: &'static Series,
) -> Result<MetricEncoder<'a>, fmt::Error> {
    let kind = match series.kind {
        Kind::Counter => MetricType::Counter,
        Kind::Gauge => MetricType::Gauge,
        Kind::Histogram => MetricType::Histogram,
    };
    encoder.encode_descriptor(series.family_name(), series.help, None, kind)
}

fn plain(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut help = None;
    for line in open_metrics.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            let suffix = if kind == "counter" { "_total" } else { "" };
            if let Some((_, words)) = help.take() {
                text.push_str(&format!("# HELP {name}{suffix} {words}\n"));
            }
            text.push_str(&format!("# TYPE {name}{suffix} {kind}\n"));
        } else {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_named_as_its_samples() {
        assert_eq!(
            plain("# HELP a Words here.\n# TYPE a counter\na_total{x=\"y\"} 1\n# HELP b More.\n# TYPE b gauge\nb 2\n"),
            "# HELP a_total Words here.\n# TYPE a_total counter\na_total{x=\"y\"} 1\n# HELP b More.\n# TYPE b gauge\nb 2\n"
        );
    }
}
