//! How long things take: as a person can follow them, or as fast as a script wants.

use std::time::Duration;

use fake_apiserver::world::gardenlet::Patience;
use fake_apiserver::world::routes::{AtFirst, Order, Script};
use fake_apiserver::world::{nodes, resource_manager};

/// The durations of a story.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// How many machines the shoot has.
    pub(super) machines: u8,
    pub(super) nodes: nodes::Timing,
    pub(super) manager: resource_manager::Timing,
    pub(super) patience: Patience,
    /// `pollInterval` of the controller.
    pub(super) poll_interval: &'static str,
    /// Between two scenes of the story.
    pub(super) pause: Duration,
    cold_start: Duration,
    each_route: Duration,
    pass: Duration,
}

/// How long anything is waited for before the story counts as failed.
pub(super) const IN_VAIN: Duration = Duration::from_secs(150);

impl Pace {
    pub(super) fn new(fast: bool) -> Self {
        let millis = Duration::from_millis;
        if fast {
            Self {
                machines: 6,
                nodes: nodes::Timing { registration: millis(20), start: millis(250), stop: millis(150) },
                manager: resource_manager::Timing {
                    create: millis(1),
                    update: millis(1),
                    deletion_poll: millis(500),
                    ..resource_manager::Timing::default()
                },
                patience: Patience { poll: millis(250), ..Patience::default() },
                poll_interval: "500ms",
                pause: Duration::ZERO,
                cold_start: millis(800),
                each_route: millis(250),
                pass: millis(1000),
            }
        } else {
            Self {
                machines: 8,
                nodes: nodes::Timing { registration: millis(400), start: millis(3000), stop: millis(1500) },
                manager: resource_manager::Timing {
                    create: millis(30),
                    deletion_poll: Duration::from_secs(2),
                    ..resource_manager::Timing::default()
                },
                patience: Patience { poll: millis(1000), ..Patience::default() },
                poll_interval: "1s",
                pause: Duration::from_secs(2),
                cold_start: Duration::from_secs(4),
                each_route: millis(1500),
                pass: Duration::from_secs(10),
            }
        }
    }

    /// What the route writer of the provider does.
    pub(super) fn routes(&self, seed: u64) -> Script {
        Script {
            cold_start: self.cold_start,
            at_first: AtFirst::Silence,
            order: Order::Shuffled(seed),
            each: self.each_route,
            pass: self.pass,
            ..Script::default()
        }
    }
}
