//! `weirctl render`: an Envoy bootstrap for a supergraph, as YAML that users can read, edit and keep.
//!
//! The text is a template (`render/bootstrap.yaml.jinja`), so that what is written can be seen whole, with the
//! reason for every line that isn't obvious. Here stands what is put into it.

mod cluster;
mod connections;
mod local_reply;
mod probe;
mod scalar;
mod version;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, context};
use serde_json::Value;
use weir_gateway::config::Problem;

use crate::settings::{Settings, Sources};
use crate::{output, report};
pub use version::Asked;

/// Print an Envoy bootstrap that serves a supergraph, to be edited and kept.
///
/// It holds a listener with Weir's filter and a cluster for each host and port that the supergraph names.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  weirctl render --supergraph supergraph.graphql > envoy.yaml
  weirctl render --supergraph supergraph.graphql --probe > envoy.yaml
  weirctl render --supergraph supergraph.graphql --config weir.yaml --listen 0.0.0.0:80 --wasm /opt/weir.wasm
  envoy --mode validate -c envoy.yaml")]
pub struct Options {
    /// What to serve.
    #[command(flatten)]
    pub sources: Sources,

    /// Where it listens.
    #[command(flatten)]
    pub addresses: Addresses,

    /// Asks each subgraph without TLS whose `protocol` is `auto` if it speaks HTTP/2, for a second at most; tells on
    /// stderr what was found. Without it they are called over HTTP/1.1.
    #[arg(long)]
    pub probe: bool,

    /// Where Envoy will find the filter's module; an absolute path, unless Envoy's working directory is known.
    #[arg(long, value_name = "PATH", default_value = "/etc/envoy/weir.wasm")]
    pub wasm: PathBuf,
}

/// The two addresses of a gateway.
#[derive(clap::Args, Debug, Clone, Copy)]
pub struct Addresses {
    /// Address of the gateway: GraphQL, and the probes /health and /ready.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4000")]
    pub listen: SocketAddr,

    /// Address of the admin listener: Weir's pages (/weir) and Envoy's admin interface with its statistics. Keep it on
    /// a private address: whoever reaches it controls Envoy.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9902")]
    pub admin: SocketAddr,
}

/// How long Envoy lets a stream live after Weir should have answered it.
const STREAM_MARGIN: Duration = Duration::from_secs(5);
/// What Envoy reads from a connection ahead of its handling, in bytes.
const CONNECTION_BUFFER: usize = 64 << 10;
/// The most Envoy holds of one answer to a filter's call by itself, in bytes.
const ENVOY_RESPONSE_BUFFER: usize = 32 << 20;

pub(crate) fn print(options: &Options) -> anyhow::Result<ExitCode> {
    let rendered = options.sources.read().and_then(|settings| bootstrap(&settings, options));
    match rendered {
        Ok(rendered) => {
            for asked in &rendered.asked {
                eprintln!("weirctl: {}", asked.line);
            }
            output::print(&rendered.text)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            eprint!("{}", report::problems(&options.sources.names(), &problems));
            Ok(ExitCode::FAILURE)
        }
    }
}

/// A bootstrap, and what was found out for it.
#[derive(Debug)]
pub struct Bootstrap {
    /// The YAML.
    pub text: String,
    /// The subgraphs' addresses that were asked for their version of HTTP.
    pub asked: Vec<Asked>,
    /// The subgraphs by the version of HTTP that they are called with.
    pub versions: String,
}

/// The bootstrap for settings that were read already.
///
/// # Errors
/// What keeps valid settings from being rendered: a subgraph without an address, clusters at odds.
pub fn bootstrap(settings: &Settings, options: &Options) -> Result<Bootstrap, Vec<Problem>> {
    let mut clusters = cluster::clusters(&settings.loaded)?;
    let written =
        |error: anyhow::Error| vec![Problem::new("bootstrap", format!("can't be written: {error:#}"), "")];
    let asked = if options.probe {
        version::find_out(&mut clusters).context("nobody can be asked").map_err(written)?
    } else {
        Vec::new()
    };
    let text = template(settings, &clusters, options).map_err(written)?;
    Ok(Bootstrap { text, asked, versions: version::summary(&clusters) })
}

fn template(settings: &Settings, clusters: &[cluster::Cluster], options: &Options) -> anyhow::Result<String> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
    environment.set_syntax(syntax);
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.add_filter("yaml", |text: &str| scalar::scalar(text));
    environment.add_filter("quoted", |text: &str| scalar::quoted(text));
    environment.add_template("bootstrap", include_str!("render/bootstrap.yaml.jinja"))?;

    let config = &settings.loaded.config;
    let limits = &config.limits;
    let address = |address: SocketAddr| context! { host => address.ip().to_string(), port => address.port() };
    let stream_timeout = config.request_timeout.saturating_add(STREAM_MARGIN);
    let response_buffer = Some(config.largest_answer()).filter(|largest| *largest != ENVOY_RESPONSE_BUFFER);
    let text = environment.get_template("bootstrap")?.render(context! {
        admin => context! {
            host => options.addresses.admin.ip().to_string(),
            port => options.addresses.admin.port(),
            socket => format!("@weir_envoy_admin_{}", options.addresses.admin.port()),
        },
        listen => address(options.addresses.listen),
        response_buffer,
        connection_buffer => CONNECTION_BUFFER,
        request_timeout => humantime::format_duration(config.request_timeout).to_string(),
        stream_timeout => format!("{}s", stream_timeout.as_secs_f64()),
        local_replies => Serde(local_reply::replies()),
        path => config.path.as_str(),
        max_body => limits.max_body_bytes,
        // A read from the connection, and as much again that was on its way through a decoder.
        body_buffer => limits.max_body_bytes.saturating_add(2 * CONNECTION_BUFFER),
        not_found => local_reply::NOT_FOUND,
        wasm => options.wasm.to_str().context("the module's path is not UTF-8")?,
        settings => settings_yaml(&settings.document)?,
        fetch => settings.document.get("supergraph").map(yaml).transpose()?,
        sdl_is_block => scalar::is_block(&settings.sdl),
        sdl => settings.sdl.trim_end(),
        clusters => Serde(clusters),
    })?;
    // Empty lines of the SDL would otherwise end in blanks.
    Ok(text.lines().map(|line| line.trim_end().to_owned() + "\n").collect())
}

/// The settings as they were written; with one default spelled out, so that there is something to edit.
fn settings_yaml(document: &Value) -> anyhow::Result<String> {
    let mut document = document.clone();
    if let Value::Object(root) = &mut document {
        // It stands with the SDL.
        root.remove("supergraph");
        if root.is_empty() {
            root.insert("path".to_owned(), Value::from("/graphql"));
        }
    }
    yaml(&document)
}

fn yaml(document: &Value) -> anyhow::Result<String> {
    Ok(serde_saphyr::to_string(document)?.trim_end().to_owned())
}

#[cfg(test)]
mod tests;
