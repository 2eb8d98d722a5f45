//! A machine of a test: a folder with a pipeline, and programs in front of the path.

use crate::support::{Folder, Output, Server};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What is in the path of a machine that has little.
const FEW: [&str; 6] = ["bash", "cat", "mkdir", "env", "sh", "git"];

pub struct Machine {
    folder: Folder,
    path: String,
}

impl Machine {
    pub fn new() -> Self {
        Self::with_configuration("")
    }

    pub fn with_configuration(configuration: &str) -> Self {
        let folder = Folder::new(configuration);
        let own = folder.path().join("bin");
        std::fs::create_dir(&own).expect("a folder");
        let system = std::env::var("PATH").expect("a path");
        Self { path: format!("{}:{system}", own.display()), folder }
    }

    /// Returns the machine without the programs of the system, but for a few.
    pub fn without_system(self) -> Self {
        let few = self.folder.path().join("few");
        std::fs::create_dir(&few).expect("a folder");
        let system = std::env::var("PATH").expect("a path");
        for name in FEW {
            let found = system.split(':').map(|folder| Path::new(folder).join(name)).find(|file| file.is_file());
            std::os::unix::fs::symlink(found.expect("the system has it"), few.join(name)).expect("a link");
        }
        let path = format!("{}:{}", self.folder.path().join("bin").display(), few.display());
        Self { path, ..self }
    }

    /// Adds a program, a script of bash.
    pub fn program(&self, name: &str, script: &str) -> &Self {
        self.file(&format!("bin/{name}"), &format!("#!/bin/bash\n{script}"))
    }

    /// Adds a file that can be executed.
    pub fn file(&self, name: &str, text: &str) -> &Self {
        self.folder.write(name, text);
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.folder.path().join(name), executable).expect("a mode");
        self
    }

    /// Says something else in the configuration.
    pub fn configure(&self, configuration: &str) {
        self.folder.write("pipehook.yml", configuration);
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a pipeline here.
    pub fn run(&self, pipeline: &str) -> Output {
        self.folder.write("pipelines/p.yml", pipeline);
        self.command(&["run", "pipelines/p.yml", "--raw"])
    }

    /// Runs a pipeline that has a payload under the alias `hook`.
    pub fn run_with(&self, pipeline: &str, payload: &str) -> Output {
        let listening = "resources:\n  webhooks:\n  - webhook: hook\n    connection: open\n";
        self.folder.write("pipelines/p.yml", &format!("{listening}{pipeline}")).write("body.json", payload);
        self.command(&["run", "pipelines/p.yml", "--raw", "--payload", "body.json"])
    }

    /// Starts a server here.
    pub fn serve(&self) -> Server {
        self.folder.serve(&[])
    }

    /// Runs a command here.
    pub fn command(&self, arguments: &[&str]) -> Output {
        let output = self.folder.command(arguments).env("PATH", &self.path).output().expect("the program ends");
        Output {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("text on stdout"),
            stderr: String::from_utf8(output.stderr).expect("text on stderr"),
        }
    }
}
