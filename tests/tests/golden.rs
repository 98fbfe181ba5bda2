//! Golden plans: each `golden/<fixture>/<number>-<name>.graphql`, planned for `fixtures/<fixture>.graphql`, must print
//! as the `.txt` beside it. `UPDATE_GOLDEN=1` writes what is printed now; look at the difference before committing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use weir_planner::display::PlanDisplay;
use weir_planner::{ExecutablePlan, Operation, OperationLimits, PlanVariables, Supergraph};

fn tests_folder() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().find(|folder| folder.join("tests/golden").is_dir()).expect("the repository");
    root.join("tests")
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("golden folder");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("name").to_string_lossy().into_owned()
}

/// Every condition variable is given the value that its name ends in: `$yes` and `$no`, else its default.
fn printed(supergraph: &Supergraph, text: &str) -> String {
    let operation = match Operation::prepare(supergraph, text, None, &OperationLimits::default()) {
        Ok(operation) => operation,
        Err(errors) => return errors.iter().map(|error| format!("refused: {error}\n")).collect(),
    };
    let conditions = operation
        .conditions()
        .iter()
        .map(|condition| (condition.name.clone(), condition.default.unwrap_or(condition.name == "yes")))
        .collect();
    match supergraph.plan(&operation, &PlanVariables { conditions, introspection: Vec::new() }, None) {
        Ok(plan) => {
            // So do plans that were kept outside the process.
            let bytes = plan.to_bytes().expect("not nested deep");
            let read = ExecutablePlan::from_bytes(&bytes).expect("what was written");
            assert!(read == plan && read.check_sound(supergraph.subgraphs().len()), "{text}");
            format!("{:#}", PlanDisplay { plan: &read, supergraph })
        }
        Err(error) => format!("no plan: {error}\n"),
    }
}

#[test]
fn plans_print_as_recorded() {
    let tests = tests_folder();
    let update = std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1");
    let mut differences = Vec::new();
    let mut folders: Vec<PathBuf> = fs::read_dir(tests.join("golden"))
        .expect("golden")
        .map(|entry| entry.expect("entry").path())
        .collect();
    folders.sort();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        let fixture = tests.join("fixtures").join(format!("{}.graphql", stem(folder)));
        let sdl =
            fs::read_to_string(&fixture).unwrap_or_else(|error| panic!("{}: {error}", fixture.display()));
        let supergraph = Supergraph::parse(&sdl).unwrap_or_else(|problems| panic!("{problems:?}"));
        let mut numbers: BTreeMap<String, PathBuf> = BTreeMap::new();
        for operation in files(folder, "graphql") {
            let name = stem(&operation);
            let number = name.split('-').next().unwrap_or_default().to_owned();
            assert!(
                number.len() == 2 && number.parse::<u8>().is_ok(),
                "{name} begins with no two-digit number"
            );
            if let Some(other) = numbers.insert(number, operation.clone()) {
                panic!("{} and {} have the same number", other.display(), operation.display());
            }
            let text = fs::read_to_string(&operation).expect("operation");
            let now = printed(&supergraph, &text);
            let golden = operation.with_extension("txt");
            if update {
                fs::write(&golden, &now).expect("golden file");
            } else if fs::read_to_string(&golden).unwrap_or_default() != now {
                differences.push(format!("{} differs; now:\n{now}", golden.display()));
            }
        }
        for golden in files(folder, "txt") {
            assert!(golden.with_extension("graphql").exists(), "{} has no operation", golden.display());
        }
        assert!(!numbers.is_empty(), "{} is empty", folder.display());
    }
    assert!(differences.is_empty(), "{}\nUPDATE_GOLDEN=1 accepts this", differences.join("\n"));
}
