//! Archives: made by Python, unpacked by a task. Each is refused, and nothing is outside.

use super::End;
use crate::support::Folder;
use serde_json::Value;
use std::path::Path;

/// How each archive is made, by what its case says of it.
const MADE: &[(&str, &str)] = &[
    ("../../etc/cron.d/x", "t.addfile(tarfile.TarInfo('../../etc/cron.d/x'))"),
    ("/etc/cron.d/x", "t.addfile(tarfile.TarInfo('/etc/cron.d/pipehook-attack'))"),
    ("dev (char 1:5)", "i=tarfile.TarInfo('dev'); i.type=tarfile.CHRTYPE; i.devmajor=1; i.devminor=5; t.addfile(i)"),
    ("bomb", "i=tarfile.TarInfo('big'); i.size=300<<20; t.addfile(i, open('/dev/zero','rb'))"),
    ("a twice", "t.addfile(tarfile.TarInfo('a')); t.addfile(tarfile.TarInfo('a'))"),
];

pub fn end(case: &Value) -> End {
    let entry = case["archive_entry"].as_str().expect("what is in it");
    let Some((_, made)) = MADE.iter().find(|(known, _)| *known == entry) else {
        return End::NotRun(format!("nobody knows how to make {entry}"));
    };
    let folder = Folder::new("");
    folder.write(
        "pipelines/attack.yml",
        &format!(
            "\
steps:
- bash: python3 -c \"import tarfile; t=tarfile.open('a.tar.gz','w:gz'); {made}; t.close()\"
- task: ExtractFiles@1
  inputs: {{archiveFilePatterns: a.tar.gz, destinationFolder: back}}
"
        ),
    );
    let output = folder.run(&["run", "pipelines/attack.yml", "--raw"]);
    let is_outside = Path::new("/etc/cron.d/x").exists() || Path::new("/etc/cron.d/pipehook-attack").exists();
    if is_outside {
        return End::Fault("a file was written outside".to_owned());
    }
    match output.code == Some(1) && output.stdout.contains("##[error]") {
        true => End::Passed,
        false => End::Fault(format!("it was unpacked: {output:?}")),
    }
}
