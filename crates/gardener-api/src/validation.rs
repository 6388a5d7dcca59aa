//! What admission and the controller would refuse: one rule set for both.

mod auto_detection;
mod cidr;
mod field_error;
mod go_regexp;
mod go_text;
mod network;
mod network_config;
mod resources;
mod shoot;

pub use field_error::{BadValue, ErrorKind, FieldError, join};
pub use network::validate_network;
pub use network_config::validate_network_config;
pub use shoot::validate_shoot;
