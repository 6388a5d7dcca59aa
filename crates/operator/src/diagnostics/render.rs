//! How a diagnostic looks: one line for scripts, a pointer for people.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::{Diagnostic, Position, Printable};

/// How much a reader can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `file:line:column: error: path: text`.
    Line,
    /// The line with a pointer below.
    Pointer,
    /// The same in colour.
    ColouredPointer,
}

impl Style {
    /// Pointers only on a terminal, and colour there unless `NO_COLOR` or the terminal forbids it.
    pub fn of(stream: &impl anstream::stream::RawStream) -> Self {
        if !stream.is_terminal() {
            Self::Line
        } else if anstream::AutoStream::choice(stream) == anstream::ColorChoice::Never {
            Self::Pointer
        } else {
            Self::ColouredPointer
        }
    }
}

impl Diagnostic {
    /// The diagnostic as text, without a line end.
    pub fn render(&self, style: Style) -> String {
        match (style, &self.position, &self.excerpt) {
            (Style::Line, ..) | (_, None, _) | (_, _, None) => self.line(),
            (Style::Pointer, Some(position), Some(excerpt)) => self.pointer(*position, excerpt, &Renderer::plain()),
            (Style::ColouredPointer, Some(position), Some(excerpt)) => {
                self.pointer(*position, excerpt, &Renderer::styled())
            }
        }
    }

    fn line(&self) -> String {
        let Self { file, position, path, text, excerpt: _ } = self;
        let position = position.map_or_else(String::new, |Position { line, column }| format!(":{line}:{column}"));
        let path = if path.is_empty() { String::new() } else { format!("{}: ", Printable(path)) };
        format!("{}{position}: error: {path}{}", Printable(file), Printable(text))
    }

    fn pointer(&self, position: Position, excerpt: &super::Excerpt, renderer: &Renderer) -> String {
        let title = Printable(&self.text).to_string();
        let label = Printable(&self.path).to_string();
        let file = Printable(&self.file).to_string();
        let mut annotation = AnnotationKind::Primary.span(excerpt.highlight.clone());
        if !label.is_empty() {
            annotation = annotation.label(&label);
        }
        let snippet = Snippet::source(&excerpt.line).line_start(position.line).path(&file).annotation(annotation);
        renderer.render(&[Level::ERROR.primary_title(&title).element(snippet)])
    }
}

#[cfg(test)]
mod tests {
    use super::Style;
    use crate::diagnostics::Source;

    #[test]
    fn a_line_for_scripts_and_a_pointer_for_people() {
        let source = Source::new("net.yaml", "spec:\n  mode: Alway\n".to_owned());
        let kind = Some(crate::dump::Kind::Network);
        let diagnostic = source.diagnose(Some(14..19), kind, "spec.mode", "unknown mode `Alway`".to_owned());
        assert_eq!(diagnostic.render(Style::Line), "net.yaml:2:9: error: spec.mode: unknown mode `Alway`");
        let expected = "\
error: unknown mode `Alway`
 --> net.yaml:2:9
  |
2 |   mode: Alway
  |         ^^^^^ spec.mode";
        assert_eq!(diagnostic.render(Style::Pointer), expected);
        assert!(diagnostic.render(Style::ColouredPointer).contains("\u{1b}["));
        let whole = source.diagnose(None, kind, "", "holds no object".to_owned());
        assert_eq!(whole.render(Style::Pointer), "net.yaml: error: holds no object");
    }
}
