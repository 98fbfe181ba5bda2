//! A store of plans: Debian's nginx with WebDAV, as envoy/nginx-plans.conf has it, on a port of its own.

use std::fs::{self, Permissions};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use super::patience::wait_for;
use super::process::{self, Process};
use super::{binaries, ports};

const START_LIMIT: Duration = Duration::from_secs(20);

/// A running store and its folder, which outlives it.
pub(crate) struct Nginx {
    process: Option<Process>,
    address: SocketAddr,
    folder: TempDir,
}

impl Nginx {
    #[track_caller]
    pub(crate) fn start() -> Nginx {
        let mut store = Nginx {
            process: None,
            address: ports::free(),
            folder: tempfile::tempdir().expect("a folder can be made"),
        };
        // Started by root, nginx serves as a user who owns nothing.
        fs::set_permissions(store.folder.path(), Permissions::from_mode(0o777)).expect("the folder is ours");
        store.start_again();
        store
    }

    /// After `kill`: on the same port, with the same objects.
    #[track_caller]
    pub(crate) fn start_again(&mut self) {
        let folder = self.folder.path();
        let shipped = fs::read_to_string(binaries::repository("envoy/nginx-plans.conf"));
        let server = shipped
            .expect("the repository is complete")
            .replace("listen 8080;", &format!("listen {};", self.address))
            .replace("/var/lib/weir-plans", &folder.display().to_string());
        let server_file = folder.join("plans.conf");
        fs::write(&server_file, server).expect("a file can be written");
        let main = folder.join("nginx.conf");
        let text = format!(
            "daemon off;\nworker_processes 1;\npid {0}/nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n\
             access_log off;\nproxy_temp_path {0}/proxy;\nfastcgi_temp_path {0}/fastcgi;\nuwsgi_temp_path {0}/uwsgi;\n\
             scgi_temp_path {0}/scgi;\ninclude {1};\n}}\n",
            folder.display(),
            server_file.display()
        );
        fs::write(&main, text).expect("a file can be written");
        let mut command = Command::new(binaries::nginx());
        command.arg("-e").arg("stderr").arg("-c").arg(&main);
        let process = Process::start("nginx", command);
        let up = wait_for(START_LIMIT, || TcpStream::connect(self.address).is_ok());
        assert!(up, "nginx doesn't listen{}", process.tail());
        self.process = Some(process);
    }

    /// Ends it, connections and all.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    /// Lets it accept connections and never answer.
    #[track_caller]
    pub(crate) fn hang(&self) {
        self.signal_workers(Signal::STOP);
    }

    /// Ends that.
    #[track_caller]
    pub(crate) fn go_on(&self) {
        self.signal_workers(Signal::CONT);
    }

    /// What Weir is to be given.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/plans", self.address)
    }

    /// The files of all plans.
    pub(crate) fn objects(&self) -> Vec<PathBuf> {
        let mut objects = Vec::new();
        collect(&self.folder.path().join("plans"), &mut objects);
        objects.sort();
        objects
    }

    #[track_caller]
    fn signal_workers(&self, signal: Signal) {
        let master = self.process.as_ref().expect("nginx runs").pid();
        for worker in process::children(master) {
            process::send(worker, signal);
        }
    }
}

/// A worker that hangs would not hear its master's farewell.
impl Drop for Nginx {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.go_on();
        }
    }
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => collect(&entry.path(), into),
            _ => into.push(entry.path()),
        }
    }
}
