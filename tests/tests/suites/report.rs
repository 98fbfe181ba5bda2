//! Wrong answers, kept in files under `target/` with all that is needed to see why and to repeat them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::check::{Kind, Mismatch};

/// What went wrong in one test.
pub(crate) struct Report {
    folder: PathBuf,
    found: Vec<(Kind, String, String)>,
    asked: usize,
}

impl Report {
    /// A report in `target/<name>`, which is emptied.
    pub(crate) fn new(name: &str) -> Report {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target").join(name);
        let _ = fs::remove_dir_all(&folder);
        Report { folder, found: Vec::new(), asked: 0 }
    }

    /// Counts an operation, and keeps it if it was answered wrongly. `again` is the command that repeats it.
    pub(crate) fn add(
        &mut self,
        name: &str,
        text: &str,
        variables: &Json,
        again: &str,
        outcome: Result<(), Mismatch>,
    ) {
        self.asked += 1;
        let Err(mismatch) = outcome else { return };
        fs::create_dir_all(&self.folder).expect("a folder");
        let all = format!(
            "# {name}: {:?}: {}\n# again: {again}\n\n{}\nvariables: {variables}\n\nexpected data:\n{}\n\ngot:\n{}\n\n{}\n",
            mismatch.kind,
            mismatch.what,
            text.trim_end(),
            mismatch.expected,
            mismatch.got,
            mismatch.how
        );
        fs::write(self.folder.join(format!("{name}.txt")), all).expect("a file");
        self.found.push((mismatch.kind, name.to_owned(), mismatch.what));
    }

    /// Ends the test: red if anything was wrong, and first of all that answers were.
    pub(crate) fn finish(mut self) {
        self.found.sort();
        let count = |kind: Kind| self.found.iter().filter(|(found, ..)| *found == kind).count();
        let summary = format!(
            "{} asked: {} wrong answers, {} violations, {} refused, {} without a plan",
            self.asked,
            count(Kind::WrongAnswer),
            count(Kind::Violation),
            count(Kind::Refused),
            count(Kind::NoPlan)
        );
        println!("{summary}");
        let mut list = String::new();
        for (kind, name, what) in &self.found {
            let _ = writeln!(list, "{kind:?} {name}: {}", what.chars().take(300).collect::<String>());
        }
        if !self.found.is_empty() {
            fs::write(self.folder.join("all.txt"), &list).expect("a file");
        }
        assert!(self.found.is_empty(), "{summary}; see {}\n{list}", self.folder.display());
        assert!(self.asked > 0, "nothing was asked");
    }
}
