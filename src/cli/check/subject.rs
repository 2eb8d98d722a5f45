//! What is checked: which of the named files are pipelines, which are templates, and which are
//! configurations.

use crate::catalog::{self, Library, Stray};
use crate::cli::failure::Failure;
use crate::config::{Config, FILE_DEFAULT};
use crate::diagnostic::Report;
use std::path::{Path, PathBuf};

/// Keys at the top of which a configuration has one, and a pipeline none.
const OF_CONFIGURATIONS: [&str; 4] = ["connections", "listen", "admin", "variable-groups"];
/// Keys at the top of which a pipeline has one, and a configuration none.
const OF_PIPELINES: [&str; 5] = ["steps", "jobs", "stages", "extends", "resources"];

/// Files, each list in the order in which they were named or found.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    pub(super) pipelines: Vec<PathBuf>,
    pub(super) templates: Vec<PathBuf>,
    pub(super) configurations: Vec<PathBuf>,
    /// Files among them that are served under no name of their own.
    strays: Vec<Stray>,
}

impl Subjects {
    /// Adds a file, or all files of a folder by name.
    pub(super) fn add(&mut self, path: &Path, library: &Library) -> Result<(), Failure> {
        if path.is_dir() {
            self.add_folder(path, library)?;
        } else if path.exists() {
            self.add_file(path, library);
        } else {
            return Err(Failure::usage(format!("there is no file or folder {}", path.display())));
        }
        Ok(())
    }

    fn add_folder(&mut self, folder: &Path, library: &Library) -> Result<(), Failure> {
        let paths = catalog::paths(folder, library).map_err(|error| Failure::Usage(error.into()))?;
        paths.pipelines.iter().for_each(|path| self.add_file(path, library));
        paths.strays.iter().for_each(|stray| self.add_file(&stray.path, library));
        self.strays.extend(paths.strays);
        self.templates.extend(paths.templates.into_iter().filter(|path| catalog::looks_like_template(path)));
        Ok(())
    }

    /// Adds the configuration, the named one or the usual one if it is there, and the files of its
    /// pipelines folder, which must be one, as for `serve`.
    pub(super) fn add_configured(
        &mut self,
        named: Option<&Path>,
        config: Option<&Config>,
        library: &Library,
    ) -> Result<(), Failure> {
        if let Some(config) = config {
            self.add_folder(&config.pipelines, library)?;
        }
        let usual = Path::new(FILE_DEFAULT);
        let own = named.or_else(|| usual.exists().then_some(usual));
        self.configurations = own.map(Path::to_owned).into_iter().collect();
        Ok(())
    }

    /// Returns what is wrong with the names of pipelines. Those of templates, which others name whole, may
    /// differ in their endings.
    pub(super) fn names(&self) -> impl Iterator<Item = &Report> {
        let is_served = |stray: &&Stray| self.pipelines.contains(&stray.path);
        self.strays.iter().filter(is_served).map(|stray| &stray.report)
    }

    fn add_file(&mut self, path: &Path, library: &Library) {
        let list = if library.is_configuration(path) || is_configuration(path) {
            &mut self.configurations
        } else if catalog::is_template(path, library) {
            &mut self.templates
        } else {
            &mut self.pipelines
        };
        list.push(path.to_owned());
    }

    /// Says how many of each there are: `2 pipelines and 1 template`.
    pub(super) fn counted(&self) -> String {
        let others = [(&self.templates, "template"), (&self.configurations, "configuration")];
        let others = others.into_iter().filter(|(files, _)| !files.is_empty());
        let others: Vec<String> = others.map(|(files, what)| counted(files.len(), what)).collect();
        match (self.pipelines.is_empty() && !others.is_empty(), others.as_slice()) {
            (true, others) => others.join(" and "),
            (false, []) => counted(self.pipelines.len(), "pipeline"),
            (false, others) => format!("{}, {}", counted(self.pipelines.len(), "pipeline"), others.join(", ")),
        }
    }
}

/// Returns a number with what is counted.
pub(super) fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Says whether a file is a configuration, by its name or by the keys at its top. It need not be
/// YAML to be recognised.
fn is_configuration(path: &Path) -> bool {
    if path.file_name().is_some_and(|name| name == FILE_DEFAULT) {
        return true;
    }
    let Ok(text) = catalog::read(path) else { return false };
    let has = |keys: &[&str]| text.lines().any(|line| line.split_once(':').is_some_and(|(key, _)| keys.contains(&key)));
    has(&OF_CONFIGURATIONS) && !has(&OF_PIPELINES)
}
