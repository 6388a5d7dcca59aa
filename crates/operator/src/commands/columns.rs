//! A table whose rows may come one after the other.

use std::io::{self, Write};

use crate::diagnostics::Printable;

/// Between two columns.
const GAP: usize = 2;

/// The widths of the columns, as far as rows were seen. The last one has none.
pub(super) struct Columns<const N: usize> {
    widths: [usize; N],
}

impl<const N: usize> Columns<N> {
    /// Columns that fit these rows.
    pub(super) fn fitting<'a>(rows: impl IntoIterator<Item = &'a [String; N]>) -> Self {
        let mut widths = [0; N];
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        Self { widths }
    }

    /// Writes a row. A cell that is too wide moves the rest of its row, and no other.
    pub(super) fn write(&self, out: &mut impl Write, row: &[String; N]) -> io::Result<()> {
        let mut line = String::new();
        for (width, cell) in self.widths.iter().zip(row) {
            let cell = Printable(cell).to_string();
            let padding = (width + GAP).saturating_sub(cell.chars().count()).max(GAP);
            line.push_str(&cell);
            line.extend(std::iter::repeat_n(' ', padding));
        }
        writeln!(out, "{}", line.trim_end())
    }
}

/// Writes headings and rows.
pub(super) fn write<const N: usize>(
    out: &mut impl Write,
    headings: [&str; N],
    rows: &[[String; N]],
) -> io::Result<Columns<N>> {
    let headings = headings.map(str::to_owned);
    let columns = Columns::fitting(rows.iter().chain([&headings]));
    columns.write(out, &headings)?;
    for row in rows {
        columns.write(out, row)?;
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_what_comes_later_may_be_wider() {
        let mut out = Vec::new();
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let columns = write(&mut out, ["NAME", "PHASE", "WHY"], &[row(["a", "AwaitingRoutes", "x"])]).unwrap();
        columns.write(&mut out, &row(["a-longer-name", "Idle", "\u{1b}[2J"])).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "NAME  PHASE           WHY\na     AwaitingRoutes  x\na-longer-name  Idle            \\u{1b}[2J\n"
        );
    }
}
