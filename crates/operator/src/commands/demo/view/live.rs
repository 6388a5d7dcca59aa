//! The picture on a terminal: where the switch stands, every node, and what happened last. Drawn over itself.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::time::Duration;

use rustix::termios::tcgetwinsize;

use super::palette::Palette;
use crate::cli::Story;
use crate::commands::demo::scene::{NodeScene, Scene};

/// How many lines of what happened are kept in sight, where there is room.
const MEMORY: usize = 10;
/// What is assumed where the terminal does not say.
const SIZE: Size = Size { columns: 100, rows: 30 };
/// A node in the grid, in characters.
const CELL: usize = 34;
/// A bar, in characters.
const BAR: usize = 24;

/// Hides and shows the cursor, which would jump about.
pub(super) const HIDE_CURSOR: &str = "\x1b[?25l";
pub(super) const SHOW_CURSOR: &str = "\x1b[?25h";

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

#[derive(Clone, Copy, Debug)]
struct Size {
    columns: usize,
    rows: usize,
}

/// The phases that a switch goes through, in their order.
const PHASES: [&str; 6] = ["Guarding", "Cleaning", "AwaitingRoutes", "Switching", "Verifying", "Done"];
/// Those in which the encapsulation goes or has gone.
const AFTER_WRITE: [&str; 3] = ["Switching", "Verifying", "Done"];

impl Live {
    pub(super) fn new(story: Story, palette: Palette) -> Self {
        Self { story, palette, log: VecDeque::new(), drawn: 0, first_pods: BTreeMap::new() }
    }

    /// Whether the picture shows by itself what happens to this actor.
    pub(super) fn shows(actor: &str) -> bool {
        ["node", "switch", "calico-node", "privilege", "Network"].contains(&actor)
    }

    pub(super) fn remember(&mut self, line: String) {
        self.log.push_back(line);
        if self.log.len() > MEMORY {
            self.log.pop_front();
        }
    }

    /// The next picture, with what takes away the last one.
    pub(super) fn frame(&mut self, scene: Option<&Scene>, elapsed: Duration) -> String {
        let size = tcgetwinsize(std::io::stdout())
            .ok()
            .filter(|size| size.ws_col > 0 && size.ws_row > 0)
            .map_or(SIZE, |size| Size { columns: usize::from(size.ws_col), rows: usize::from(size.ws_row) });
        let nothing = Scene::default();
        let lines = self.lines(scene.unwrap_or(&nothing), elapsed, size);
        let mut frame = String::new();
        if self.drawn > 0 {
            let _ = write!(frame, "\x1b[{}A", self.drawn);
        } else {
            frame.push_str(HIDE_CURSOR);
        }
        for line in &lines {
            let _ = writeln!(frame, "\x1b[2K{}", cut(line, size.columns));
        }
        // Whatever the last picture had below.
        frame.push_str("\x1b[J");
        self.drawn = lines.len();
        frame
    }

    fn lines(&mut self, scene: &Scene, elapsed: Duration, size: Size) -> Vec<String> {
        let palette = self.palette;
        let seconds = elapsed.as_secs();
        let clock = format!("{:02}:{:02}", seconds / 60, seconds % 60);
        let title = format!("networking-calico demo: {}", self.story.name());
        let mut lines =
            vec![format!("{}  {}", palette.strong(&title), palette.dim(&clock)), String::new(), self.phases(scene)];
        lines.extend([reason(scene), String::new()]);
        lines.extend(self.grid(scene, size.columns));
        let rolled = scene.nodes.iter().filter(|node| self.has_rolled(node)).count();
        lines.extend([
            String::new(),
            self.bar("routes", scene.routes(), scene.nodes.len()),
            self.bar("replaced", rolled, scene.nodes.len()),
            String::new(),
            format!("{}{}", palette.name("Network  "), or_dash(&scene.operation)),
            format!(
                "{}{}, bundle {}, {}",
                palette.name("wanted   "),
                or_dash(&scene.to),
                or_dash(&scene.bundle),
                or_dash(&scene.privilege)
            ),
            format!(
                "{}IPIP mode of the pool {}, {}",
                palette.name("shoot    "),
                or_dash(&scene.pool),
                or_dash(&scene.applied)
            ),
            String::new(),
        ]);
        let room = size.rows.saturating_sub(lines.len() + 1).min(MEMORY);
        let skipped = self.log.len().saturating_sub(room);
        lines.extend(self.log.iter().skip(skipped).cloned());
        lines.truncate(size.rows.saturating_sub(1));
        lines
    }

    fn phases(&self, scene: &Scene) -> String {
        let at = PHASES.iter().position(|phase| *phase == scene.phase);
        let parts = PHASES.iter().enumerate().map(|(index, phase)| match at {
            Some(at) if index < at || (index == at && *phase == "Done") => self.palette.good(phase),
            Some(at) if index == at => self.palette.waiting(&format!("[{phase}]")),
            _ => self.palette.dim(phase),
        });
        parts.collect::<Vec<_>>().join(&self.palette.dim(" - "))
    }

    fn grid(&mut self, scene: &Scene, columns: usize) -> Vec<String> {
        if !AFTER_WRITE.contains(&scene.phase.as_str()) {
            let pods = scene.nodes.iter().filter_map(|node| Some((node.name.clone(), node.pod.clone()?)));
            self.first_pods = pods.collect();
        }
        let cells: Vec<String> = scene.nodes.iter().map(|node| self.cell(node)).collect();
        let per_line = (columns / CELL).max(1);
        cells.chunks(per_line).map(<[String]>::concat).collect()
    }

    fn cell(&self, node: &NodeScene) -> String {
        let network = or_dash(&node.network);
        let mark = match &node.pod {
            None => self.palette.waiting("~"),
            Some(_) if self.has_rolled(node) => self.palette.good("*"),
            Some(_) => self.palette.dim("o"),
        };
        let text = format!("{:<16}{:<width$}", node.name, network, width = CELL - 18);
        let text = match network {
            "RouteCreated" => self.palette.good(&text),
            "NoRouteCreated" | "CalicoIsDown" => self.palette.bad(&text),
            _ => self.palette.waiting(&text),
        };
        format!("{mark} {text}")
    }

    /// Whether the node has another pod than before the switch.
    fn has_rolled(&self, node: &NodeScene) -> bool {
        node.pod.is_some() && node.pod.as_ref() != self.first_pods.get(&node.name)
    }

    fn bar(&self, name: &str, done: usize, all: usize) -> String {
        let full = (done * BAR).checked_div(all).unwrap_or_default().min(BAR);
        let bar = format!("{}{}", self.palette.good(&"#".repeat(full)), self.palette.dim(&".".repeat(BAR - full)));
        format!("{}{bar} {done}/{all}", self.palette.name(&format!("{name:<9}")))
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
    fn the_picture_fits_on_the_terminal() {
        let mut live = Live::new(Story::Switch, Palette::PLAIN);
        for number in 0..20 {
            live.remember(format!("line {number}"));
        }
        let lines = |live: &mut Live, rows| live.lines(&Scene::default(), Duration::ZERO, Size { columns: 80, rows });
        assert_eq!(lines(&mut live, 50).last().map(String::as_str), Some("line 19"));
        assert_eq!(lines(&mut live, 50).len(), 23);
        assert_eq!(
            (lines(&mut live, 18).len(), lines(&mut live, 18).last().map(String::as_str)),
            (17, Some("line 19"))
        );
        assert_eq!(lines(&mut live, 5).len(), 4);
    }

    #[test]
    fn a_picture_is_drawn_over_the_last_one() {
        let mut live = Live::new(Story::Switch, Palette::PLAIN);
        let first = live.frame(None, Duration::from_secs(61));
        assert!(first.starts_with("\x1b[?25l\x1b[2Knetworking-calico demo: switch  01:01\n"), "{first:?}");
        let height = first.matches('\n').count();
        let second = live.frame(None, Duration::from_secs(62));
        assert!(second.starts_with(&format!("\x1b[{height}A\x1b[2K")), "{second:?}");
    }

    #[test]
    fn bars_are_as_long_as_what_is_done() {
        let live = Live::new(Story::Switch, Palette::PLAIN);
        assert_eq!(live.bar("routes", 0, 0), "routes   ........................ 0/0");
        assert_eq!(live.bar("routes", 3, 8), "routes   #########............... 3/8");
        assert_eq!(live.bar("routes", 8, 8), "routes   ######################## 8/8");
    }

    #[test]
    fn a_line_is_cut_by_what_is_seen_of_it() {
        assert_eq!(cut("abcdef", 3), "abc");
        assert_eq!(cut("\x1b[32mabc\x1b[0mdef", 4), "\x1b[32mabc\x1b[0md");
        assert_eq!(cut("a\nb", 9), "a b");
    }
}
