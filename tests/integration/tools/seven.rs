//! Archives of 7z, which a program makes and unpacks; the one here makes tars.

use super::fake::Machine;
use super::prints;

/// Takes the options that are given, and prints what the real one prints at the end.
const SEVEN_ZIP: &str = "\
action=$1; for word in \"$@\"; do case $word in -o*) to=${word#-o};; esac; done; last=${!#}
case $action in
a) archive=${@: -2:1}; tar rf \"$archive\" \"$last\"; echo \"called $* in $PWD\";;
l) echo Listing; echo \"2026-01-01 00:00:00  ${SIZE:-$(tar xOf \"$last\" | wc -c)}  1  $(tar tf \"$last\" | grep -vc '/$') files, 1 folders\";;
x) mkdir -p \"$to\"; tar xf \"$last\" -C \"$to\"; echo Everything is Ok;;
esac
";

const STEPS: &str = "\
steps:
- script: mkdir -p in/d more; echo one > in/d/f; chmod 755 in/d/f; ln -s d/f in/link; echo two > more/g
- task: ArchiveFiles@2
  inputs: {rootFolderOrFile: in, archiveType: 7z, sevenZipCompression: ultra, archiveFile: o/a.7z}
- task: ArchiveFiles@2
  inputs: {rootFolderOrFile: more, includeRootFolder: false, archiveType: 7z, archiveFile: o/a.7z, replaceExistingArchive: false}
- task: ExtractFiles@1
  inputs: {archiveFilePatterns: 'o/*.7z', destinationFolder: back}
";

#[test]
fn an_archive_of_7z_is_made_and_unpacked_by_the_program_for_it() {
    let machine = Machine::new();
    machine.program("7z", SEVEN_ZIP);
    let output = machine.run(&format!("{STEPS}- script: cd back; find . | sort; cat in/link; ls ../o\n")).ended_with(0);
    let expected = [".", "./g", "./in", "./in/d", "./in/d/f", "./in/link", "one", "a.7z"];
    let lines: Vec<&str> = output.stdout.lines().filter(|line| !line.starts_with("##[")).collect();
    assert!(lines.ends_with(&expected), "{output:?}");
    let calls: Vec<&str> =
        lines.into_iter().filter(|line| line.starts_with("called a -bd -y -t7z -snl -spd ")).collect();
    assert!(calls[0].contains("-mx=9 -- ") && calls[0].contains(" ./in in "), "{calls:?}");
    assert!(calls[1].contains("-mx=5 -- ") && calls[1].ends_with("/more"), "{calls:?}");
}

#[test]
fn an_archive_of_7z_leads_nowhere_else_and_is_no_trap() {
    let machine = Machine::new();
    machine.program("7z", &format!("SIZE=5000000000000\n{SEVEN_ZIP}"));
    let output = machine.run(STEPS).ended_with(1);
    assert!(output.stdout.contains("can't be unpacked: what comes out of it is too large"), "{output:?}");
    machine.program("7z", SEVEN_ZIP);
    let output = machine.run(&STEPS.replace("ln -s d/f", "ln -s ../../x")).ended_with(1);
    assert!(output.stdout.contains("the link `in/link` leads out of it"), "{output:?}");
    machine.program("7z", "echo is broken; exit 2\n");
    prints(&machine.run(STEPS).ended_with(1), &["##[error]`7z a` exited with code '2': is broken."]);
}

#[test]
fn what_needs_the_program_for_7z_is_refused_where_there_is_none() {
    let machine = Machine::new().without_system();
    for inputs in [
        "- task: ArchiveFiles@2\n  inputs: {rootFolderOrFile: ., archiveType: 7z}\n",
        "- task: ExtractFiles@1\n  inputs: {archiveFilePatterns: '**/*.7z', destinationFolder: o}\n",
    ] {
        let output = machine.run(&format!("steps:\n- script: echo ran\n{inputs}")).ended_with(1);
        assert!(output.stdout.is_empty(), "{output:?}");
        assert!(output.stderr.contains("error[missing-program]: `7z` is not installed on this machine"), "{output:?}");
    }
}
