//! The picture on a terminal: where the switch stands, every node, and what happened last. Drawn over itself.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::time::Duration;

use rustix::termios::tcgetwinsize;

use super::palette::Palette;
use crate::cli::Story;
use crate::commands::demo::scene::{NodeScene, Scene};

/// How many lines of what happened are kept in sight.
const MEMORY: usize = 10;
/// What is assumed where the terminal does not say.
const COLUMNS: u16 = 100;
/// A node in the grid, in characters.
const CELL: usize = 34;

#[derive(Debug)]
pub(super) struct Live {
    story: Story,
    palette: Palette,
    log: VecDeque<String>,
    /// How many lines the last frame has.
    drawn: usize,
    /// The pod on each node before anything was rolled.
    first_pods: BTreeMap<String, String>,
}

/// The phases that a switch goes through, in their order.
const PHASES: [&str; 6] = ["Guarding", "Cleaning", "AwaitingRoutes", "Switching", "Verifying", "Done"];

impl Live {
    pub(super) fn new(story: Story, palette: Palette) -> Self {
        Self { story, palette, log: VecDeque::new(), drawn: 0, first_pods: BTreeMap::new() }
    }

    pub(super) fn remember(&mut self, line: String) {
        self.log.push_back(line);
        if self.log.len() > MEMORY {
            self.log.pop_front();
        }
    }

    /// The next picture, with what takes away the last one.
    pub(super) fn frame(&mut self, scene: &Scene, elapsed: Duration) -> String {
        let columns = tcgetwinsize(std::io::stdout()).map_or(COLUMNS, |size| size.ws_col).max(40);
        let lines = self.lines(scene, elapsed, usize::from(columns));
        let mut frame = String::new();
        if self.drawn > 0 {
            let _ = write!(frame, "\x1b[{}A", self.drawn);
        }
        for line in &lines {
            let _ = writeln!(frame, "\x1b[2K{line}");
        }
        // Whatever the last picture had below.
        frame.push_str("\x1b[J");
        self.drawn = lines.len();
        frame
    }

    fn lines(&mut self, scene: &Scene, elapsed: Duration, columns: usize) -> Vec<String> {
        let palette = self.palette;
        let seconds = elapsed.as_secs();
        let mut lines = vec![
            format!(
                "{}  {}",
                palette.strong(&format!("networking-calico demo: {}", self.story.name())),
                palette.dim(&format!("{:02}:{:02}", seconds / 60, seconds % 60))
            ),
            String::new(),
            self.phases(scene),
            cut(&reason(scene), columns),
            String::new(),
        ];
        lines.extend(self.grid(scene, columns));
        lines.push(String::new());
        lines.push(cut(&format!("Network  {}", or_dash(&scene.operation)), columns));
        let (updated, desired) = scene.rollout.unwrap_or_default();
        lines.push(cut(
            &format!(
                "Shoot    pool {}, calico-node {updated}/{desired} {}, bundle {} {}",
                or_dash(&scene.pool),
                or_dash(&scene.privilege),
                or_dash(&scene.bundle),
                scene.applied
            ),
            columns,
        ));
        lines.push(String::new());
        lines.extend(self.log.iter().map(|line| cut(line, columns)));
        lines.resize(lines.len() + MEMORY - self.log.len(), String::new());
        lines
    }

    fn phases(&self, scene: &Scene) -> String {
        let at = PHASES.iter().position(|phase| *phase == scene.phase);
        let mut parts = Vec::new();
        for (index, phase) in PHASES.iter().enumerate() {
            parts.push(match at {
                Some(at) if index < at || (index == at && *phase == "Done") => self.palette.good(phase),
                Some(at) if index == at => self.palette.waiting(&self.palette.strong(&format!("[{phase}]"))),
                _ => self.palette.dim(phase),
            });
        }
        parts.join(&self.palette.dim(" - "))
    }

    fn grid(&mut self, scene: &Scene, columns: usize) -> Vec<String> {
        if !["Switching", "Verifying", "Done"].contains(&scene.phase.as_str()) {
            let pods = scene.nodes.iter().filter_map(|node| Some((node.name.clone(), node.pod.clone()?)));
            self.first_pods = pods.collect();
        }
        let cells: Vec<String> = scene.nodes.iter().map(|node| self.cell(node)).collect();
        let per_line = (columns / CELL).max(1);
        cells.chunks(per_line).map(<[String]>::concat).collect()
    }

    fn cell(&self, node: &NodeScene) -> String {
        let network = if node.network.is_empty() { "-" } else { &node.network };
        let rolled = node.pod.is_some() && node.pod.as_ref() != self.first_pods.get(&node.name);
        let mark = match (&node.pod, rolled) {
            (None, _) => self.palette.waiting("~"),
            (Some(_), true) => self.palette.good("*"),
            (Some(_), false) => self.palette.dim("o"),
        };
        let text = format!("{:<16}{:<width$}", node.name, network, width = CELL - 18);
        let text = match network {
            "RouteCreated" => self.palette.good(&text),
            "NoRouteCreated" | "CalicoIsDown" => self.palette.bad(&text),
            _ => self.palette.waiting(&text),
        };
        format!("{mark} {text}")
    }
}

fn reason(scene: &Scene) -> String {
    let parts = [&scene.verdict, &scene.reason, &scene.message];
    parts.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(", ")
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

/// As much of a line as the terminal is wide. Colours take no room and are never cut.
fn cut(line: &str, columns: usize) -> String {
    let mut kept = String::new();
    let mut width = 0;
    let mut escape = false;
    for character in line.chars() {
        let is_text = !escape && character != '\x1b';
        escape = character == '\x1b' || escape && !character.is_ascii_alphabetic();
        if is_text {
            width += 1;
        }
        if !is_text || width <= columns {
            kept.push(if character == '\n' { ' ' } else { character });
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(phase: &str, nodes: &[(&str, &str)]) -> Scene {
        let node = |(network, pod): &(&str, &str)| NodeScene {
            name: "ip-10-250-0-4".to_owned(),
            network: (*network).to_owned(),
            pod: (!pod.is_empty()).then(|| (*pod).to_owned()),
        };
        Scene { phase: phase.to_owned(), nodes: nodes.iter().map(node).collect(), ..Scene::default() }
    }

    #[test]
    fn the_grid_shows_routes_and_who_has_rolled() {
        let mut live = Live::new(Story::Switch, Palette::PLAIN);
        let before = live.grid(&scene("AwaitingRoutes", &[("CalicoIsUp", "p-1")]), 80);
        assert_eq!(before, ["o ip-10-250-0-4   CalicoIsUp      "]);
        let during = live.grid(&scene("Verifying", &[("RouteCreated", "")]), 80);
        assert_eq!(during, ["~ ip-10-250-0-4   RouteCreated    "]);
        let after = live.grid(&scene("Done", &[("RouteCreated", "p-2"), ("", "p-1"), ("", "p-1")]), 80);
        assert_eq!(
            after,
            [
                "* ip-10-250-0-4   RouteCreated    o ip-10-250-0-4   -               ",
                "o ip-10-250-0-4   -               "
            ]
        );
    }

    #[test]
    fn a_picture_is_drawn_over_the_last_one() {
        let mut live = Live::new(Story::Switch, Palette::PLAIN);
        let first = live.frame(&Scene::default(), Duration::from_secs(61));
        assert!(first.starts_with("\x1b[2Knetworking-calico demo: switch  01:01\n"), "{first:?}");
        let height = first.matches('\n').count();
        let second = live.frame(&Scene::default(), Duration::from_secs(62));
        assert!(second.starts_with(&format!("\x1b[{height}A\x1b[2K")), "{second:?}");
    }

    #[test]
    fn a_line_is_cut_by_what_is_seen_of_it() {
        assert_eq!(cut("abcdef", 3), "abc");
        assert_eq!(cut("\x1b[32mabc\x1b[0mdef", 4), "\x1b[32mabc\x1b[0md");
        assert_eq!(cut("a\nb", 9), "a b");
    }
}
