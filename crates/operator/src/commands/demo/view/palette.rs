//! Colours, where they are wanted (`NO_COLOR`, and what kind of stream it is).

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::commands::demo) struct Palette {
    coloured: bool,
}

impl Palette {
    /// Without any colour.
    #[cfg(test)]
    pub(in crate::commands::demo) const PLAIN: Self = Self { coloured: false };

    pub(in crate::commands::demo) fn of(stream: &impl anstream::stream::RawStream) -> Self {
        Self { coloured: anstream::AutoStream::choice(stream) != ColorChoice::Never }
    }

    pub(in crate::commands::demo) fn good(self, text: &str) -> String {
        self.paint(AnsiColor::Green.on_default(), text)
    }

    pub(in crate::commands::demo) fn bad(self, text: &str) -> String {
        self.paint(AnsiColor::Red.on_default(), text)
    }

    pub(super) fn waiting(self, text: &str) -> String {
        self.paint(AnsiColor::Yellow.on_default(), text)
    }

    pub(super) fn name(self, text: &str) -> String {
        self.paint(AnsiColor::Cyan.on_default(), text)
    }

    pub(super) fn strong(self, text: &str) -> String {
        self.paint(Style::new().bold(), text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.paint(Style::new().dimmed(), text)
    }

    fn paint(self, style: Style, text: &str) -> String {
        if self.coloured { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}
