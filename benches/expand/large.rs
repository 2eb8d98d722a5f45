//! A pipeline with its templates: one file, or 2,000 lines in 31 of them.

use std::fmt::Write;
use std::path::Path;

/// Where the pipeline's file is.
pub const PIPELINE: &str = "main.yml";
/// How many template files the large pipeline has.
const TEMPLATES: usize = 30;

pub struct Tree(Vec<(String, String)>);

impl Tree {
    /// Returns a pipeline without templates.
    pub fn of(text: &str) -> Self {
        Self(vec![(PIPELINE.to_owned(), text.to_owned())])
    }

    /// Returns a pipeline that uses each of its templates once, with loops and choices inside.
    pub fn large() -> Self {
        let mut main = String::from(
            "resources:\n  webhooks:\n  - webhook: WebHook\n    connection: IncomingWH\nparameters:\n- name: debug\n  type: boolean\n  default: false\nvariables:\n  title: ${{ parameters.WebHook.resource.message.title }}\njobs:\n",
        );
        for at in 0..TEMPLATES {
            let _ = writeln!(
                main,
                "- template: job{at}.yml\n  parameters:\n    name: job{at}\n    debug: ${{{{ parameters.debug }}}}\n    title: ${{{{ parameters.WebHook.resource.message.title }}}}\n    targets:\n    - one\n    - two\n    extra:\n    - script: echo extra\n      displayName: Extra step of {at}"
            );
        }
        let files = (0..TEMPLATES).map(|at| (format!("job{at}.yml"), job(at)));
        Self(std::iter::once((PIPELINE.to_owned(), main)).chain(files).collect())
    }

    pub fn write(&self, folder: &Path) {
        for (name, text) in &self.0 {
            std::fs::write(folder.join(name), text).expect("the file is written");
        }
    }

    pub fn lines(&self) -> usize {
        self.0.iter().map(|(_, text)| text.lines().count()).sum()
    }

    pub fn files(&self) -> usize {
        self.0.len()
    }

    /// Returns the texts of all files as one YAML document.
    pub fn all_text(&self) -> String {
        let indented = |text: &str| text.lines().fold(String::new(), |all, line| all + "  " + line + "\n");
        self.0.iter().fold(String::new(), |all, (name, text)| all + name + ":\n" + &indented(text))
    }
}

fn job(at: usize) -> String {
    let mut text = String::from(
        "parameters:\n- name: name\n- name: debug\n  type: boolean\n- name: title\n- name: targets\n  type: object\n- name: extra\n  type: stepList\njobs:\n- job: ${{ parameters.name }}\n  variables:\n    own: ${{ parameters.name }}-${{ variables.title }}\n  steps:\n  - ${{ if parameters.debug }}:\n    - script: env\n  - ${{ else }}:\n    - script: echo quiet\n  - ${{ each target in parameters.targets }}:\n    - script: make ${{ target }}\n      displayName: Make ${{ target }} for ${{ parameters.name }}\n  - ${{ parameters.extra }}\n",
    );
    for step in 0..9 {
        let _ = writeln!(
            text,
            "  - bash: |\n      echo step {step} of job {at}\n      echo \"${{{{ parameters.title }}}}\"\n    env:\n      NAME: ${{{{ parameters.name }}}}"
        );
    }
    text
}
