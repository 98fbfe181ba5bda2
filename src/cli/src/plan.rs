//! `weirctl plan`: how an operation would be answered, without answering it.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::{Map, Value};
use weir_planner::display::PlanDisplay;
use weir_planner::{Operation, OperationError, PlanVariables};

use crate::excerpt::excerpt;
use crate::settings::{Settings, Sources};
use crate::{output, report};

/// Print the plan of an operation: which subgraph is asked what, and after what.
///
/// Operations are held to the limits of the configuration, as the gateway does.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  weirctl plan --supergraph supergraph.graphql query.graphql
  weirctl plan --supergraph supergraph.graphql query.graphql --variables '{\"withReviews\": true}'
  weirctl plan --supergraph supergraph.graphql query.graphql --json | jq .fetches")]
pub(crate) struct Options {
    #[command(flatten)]
    sources: Sources,

    /// The file with the operation.
    #[arg(value_name = "OPERATION")]
    operation: PathBuf,

    /// Which of the file's operations; needed if there are several.
    #[arg(long, value_name = "NAME")]
    operation_name: Option<String>,

    /// Variables as a JSON object; those of @skip and @include decide what is planned.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    variables: String,

    /// Print the plan as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn plan(options: &Options) -> anyhow::Result<ExitCode> {
    let Settings { loaded, .. } = match options.sources.read() {
        Ok(settings) => settings,
        Err(problems) => {
            eprint!("{}", report::problems(&options.sources.names(), &problems));
            return Ok(ExitCode::FAILURE);
        }
    };
    let variables: Map<String, Value> =
        serde_json::from_str(&options.variables).context("--variables is not a JSON object")?;
    let file = options.operation.display().to_string();
    let text = fs::read_to_string(&options.operation).with_context(|| format!("can't read {file}"))?;
    let name = options.operation_name.as_deref();
    let operation = match Operation::prepare(&loaded.supergraph, &text, name, &loaded.config.limits.operation)
    {
        Ok(operation) => operation,
        Err(errors) => {
            eprint!("{}", show_errors(&file, &text, &errors));
            return Ok(ExitCode::FAILURE);
        }
    };
    let variables = plan_variables(&operation, &variables)?;
    let budget = Some(loaded.config.limits.max_planning_time);
    let plan =
        loaded.supergraph.plan(&operation, &variables, budget).context("the operation can't be planned")?;
    if options.json {
        output::print(&(serde_json::to_string_pretty(&plan)? + "\n"))?;
    } else {
        output::print(&PlanDisplay { plan: &plan, supergraph: &loaded.supergraph }.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The values that the plan depends on; those with neither a value nor a default are the user's to give.
fn plan_variables(operation: &Operation, given: &Map<String, Value>) -> anyhow::Result<PlanVariables> {
    let mut conditions = Vec::new();
    for condition in operation.conditions() {
        let name = &condition.name;
        let value = match (given.get(name), condition.default) {
            (Some(Value::Bool(value)), _) => *value,
            (None, Some(default)) => default,
            (Some(other), _) => {
                anyhow::bail!("${name} decides what is planned and must be a Boolean, not {other}")
            }
            (None, None) => anyhow::bail!(
                "${name} decides what is planned and has no value\n  help: add --variables '{{\"{name}\": true}}'"
            ),
        };
        conditions.push((name.clone(), value));
    }
    let introspection = operation
        .introspection_variables()
        .iter()
        .filter_map(|name| Some((name.clone(), given.get(name)?.to_string())))
        .collect();
    Ok(PlanVariables { conditions, introspection })
}

fn show_errors(file: &str, text: &str, errors: &[OperationError]) -> String {
    let mut shown = String::new();
    for error in errors {
        shown.push_str(&format!("error: {}\n", error.message));
        for (line, column) in &error.locations {
            shown.push_str(&excerpt(file, text, *line, *column));
        }
        shown.push('\n');
    }
    shown
}
