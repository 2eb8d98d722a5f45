//! Archives that tasks make and unpack.

use super::{fails_with, folder, printed, run};
use std::path::Path;

#[test]
fn archives_give_back_what_went_in() {
    let forms = [
        ("zip", "o/a.zip"),
        ("tar", "o/a.tar.gz"),
        ("tar, tarCompression: bz2", "o/a.tar.bz2"),
        ("tar, tarCompression: xz", "o/a.tar.xz"),
        ("tar, tarCompression: none", "o/a.tar"),
    ];
    for (kind, file) in forms {
        let steps = format!(
            "\
steps:
- script: mkdir -p in/deep; echo one > in/deep/a.txt; echo exit > in/run.sh; chmod 755 in/run.sh
- task: ArchiveFiles@2
  inputs: {{rootFolderOrFile: in, archiveType: {kind}, archiveFile: {file}}}
- task: ExtractFiles@1
  inputs: {{archiveFilePatterns: 'o/*', destinationFolder: back}}
- script: cat back/in/deep/a.txt; test -x back/in/run.sh && echo runs; ls o
"
        );
        let output = run(&folder(&steps)).ended_with(0);
        assert!(printed(&output).ends_with(&["one", "runs", &file[2..]]), "{output:?}");
    }
}

#[test]
fn archives_are_found_by_several_patterns_anywhere_in_the_job() {
    let steps = "\
steps:
- script: |
    mkdir -p in \"$(Build.ArtifactStagingDirectory)/deep\"
    for name in one two three four; do echo $name > in/$name; done
    tar cJf \"$(Build.ArtifactStagingDirectory)/deep/a.tar.xz\" -C in one
    tar cjf \"$(Build.ArtifactStagingDirectory)/not.tar.bz2\" -C in two
    tar cjf b.tbz2 -C in three
    gzip -c in/four > four.txt.gz
- task: ExtractFiles@1
  inputs:
    archiveFilePatterns: |
      $(Build.ArtifactStagingDirectory)/**/*
      !**/not.*
      !$(Build.ArtifactStagingDirectory)/not.*
      b.*
      # and one file
      $(Build.SourcesDirectory)/*.gz
    destinationFolder: back
- script: ls back
- task: ExtractFiles@1
  inputs: {archiveFilePatterns: /etc/*.zip, destinationFolder: back}
  continueOnError: true
";
    let output = run(&folder(steps)).ended_with(0);
    assert!(printed(&output).windows(3).any(|lines| lines == ["four.txt", "one", "three"]), "{output:?}");
    assert!(output.stdout.contains("`/etc` is outside of the job's folders"), "{output:?}");
}

#[test]
fn an_archive_of_an_unknown_kind_is_a_mistake_of_the_file() {
    let cases = [
        ("ArchiveFiles@2", "rootFolderOrFile: in, archiveType: wim", "`ArchiveFiles` has nothing for `wim`"),
        ("ArchiveFiles@2", "rootFolderOrFile: in, archiveType: tar, tarCompression: zst", "has nothing for `zst`"),
        ("ExtractFiles@1", "archiveFilePatterns: '**/*.cab', destinationFolder: o", "has nothing for `**/*.cab`"),
        ("ExtractFiles@1", "archiveFilePatterns: 'a.rar', destinationFolder: o", "has nothing for `a.rar`"),
    ];
    for (task, inputs, title) in cases {
        let output = run(&folder(&format!("steps:\n- task: {task}\n  inputs: {{{inputs}}}\n"))).ended_with(1);
        assert!(output.stderr.contains(title), "{output:?}");
    }
    let fine = "steps:\n- task: ExtractFiles@1\n  condition: false\n  inputs: {archiveFilePatterns: '**/*\n  $(x)/a.cab', destinationFolder: o}\n";
    run(&folder(fine)).ended_with(0);
}

#[test]
fn an_archive_writes_nothing_outside() {
    // What a stranger's archive can hold, each made by a script of Python's.
    let members = [
        ("t.addfile(tarfile.TarInfo('../evil'))", "would leave the destination"),
        ("t.addfile(tarfile.TarInfo('/tmp/evil'))", "would leave the destination"),
        ("i=tarfile.TarInfo('l'); i.type=tarfile.SYMTYPE; i.linkname='../..'; t.addfile(i)", "leads out of it"),
        ("i=tarfile.TarInfo('l'); i.type=tarfile.SYMTYPE; i.linkname='/etc'; t.addfile(i)", "leads out of it"),
        ("i=tarfile.TarInfo('d/l'); i.type=tarfile.SYMTYPE; i.linkname='x/../..'; t.addfile(i)", "leads out of it"),
        ("i=tarfile.TarInfo('h'); i.type=tarfile.LNKTYPE; i.linkname='/etc/passwd'; t.addfile(i)", "is neither file"),
        ("i=tarfile.TarInfo('dev'); i.type=tarfile.CHRTYPE; t.addfile(i)", "is neither file"),
        (
            "i=tarfile.TarInfo('l'); i.type=tarfile.SYMTYPE; i.linkname='s'; t.addfile(i); t.addfile(tarfile.TarInfo('l/x'))",
            "is no folder",
        ),
    ];
    for (member, reason) in members {
        let steps = format!(
            "\
steps:
- script: |
    python3 -c \"import tarfile; t=tarfile.open('a.tar','w'); {member}; t.close()\"
- task: ExtractFiles@1
  inputs: {{archiveFilePatterns: a.tar, destinationFolder: back}}
"
        );
        fails_with(run(&folder(&steps)), reason);
    }
    assert!(!Path::new("/tmp/evil").exists());
}

#[test]
fn an_archive_that_unpacks_to_far_more_than_it_is_ends() {
    let steps = "\
steps:
- script: truncate -s 300M big; gzip -9 < /dev/null > /dev/null; tar czf a.tar.gz big; rm big
- task: ExtractFiles@1
  inputs: {archiveFilePatterns: a.tar.gz, destinationFolder: back}
";
    fails_with(run(&folder(steps)), "what comes out of it is too large for its size");
}

#[test]
fn times_of_files_come_back_and_those_of_a_zip_are_what_others_read() {
    for (kind, file) in [("zip", "a.zip"), ("tar", "a.tar.gz")] {
        let steps = format!(
            "\
steps:
- script: mkdir in; echo x > in/f; touch -d '2021-02-03T04:05:07Z' in/f
- task: ArchiveFiles@2
  inputs: {{rootFolderOrFile: in, archiveType: {kind}, archiveFile: {file}}}
- task: ExtractFiles@1
  inputs: {{archiveFilePatterns: '{file}', destinationFolder: back}}
- script: |
    stat -c %Y back/in/f; mkdir other && cd other
    case {file} in *.zip) unzip -q ../{file};; *) tar xf ../{file};; esac; stat -c %Y in/f
"
        );
        let output = run(&folder(&steps)).ended_with(0);
        assert!(printed(&output).ends_with(&["1612325107", "1612325107"]), "{output:?}");
    }
    // A zip of another program, whose times have no zone.
    let steps = "\
steps:
- script: |
    python3 -c \"import zipfile; zipfile.ZipFile('a.zip','w').writestr(zipfile.ZipInfo('f', (2021,2,3,4,5,6)), 'x')\"
- task: ExtractFiles@1
  inputs: {archiveFilePatterns: a.zip, destinationFolder: back}
- script: date -r back/f +%Y-%m-%dT%H:%M:%S
";
    let output = run(&folder(steps)).ended_with(0);
    assert!(printed(&output).ends_with(&["2021-02-03T04:05:06"]), "{output:?}");
}

#[test]
fn an_archive_that_is_there_is_replaced_or_added_to() {
    let forms = [
        ("zip", "a.zip", "unzip -Z1 a.zip | sort"),
        ("tar", "a.tar.gz", "tar tf a.tar.gz | sort -u"),
        ("tar, tarCompression: xz", "a.tar.xz", "tar tf a.tar.xz | sort -u"),
        ("tar, tarCompression: none", "a.tar", "tar tf a.tar | sort -u"),
    ];
    for (kind, file, list) in forms {
        let long = "n".repeat(150);
        let steps = format!(
            "\
steps:
- script: mkdir one two; echo old > one/same; echo 1 > one/{long}; echo new > two/same; echo 2 > two/b
- task: ArchiveFiles@2
  inputs: {{rootFolderOrFile: one, includeRootFolder: false, archiveType: {kind}, archiveFile: {file}}}
- task: ArchiveFiles@2
  inputs: {{rootFolderOrFile: two, includeRootFolder: false, archiveType: {kind}, archiveFile: {file}, replaceExistingArchive: false}}
- script: {list}
- task: ExtractFiles@1
  inputs: {{archiveFilePatterns: '{file}', destinationFolder: back, overwriteExistingFiles: true}}
- script: cat back/same; ls back | wc -l
- task: ArchiveFiles@2
  inputs: {{rootFolderOrFile: two, includeRootFolder: false, archiveType: {kind}, archiveFile: {file}}}
- script: {list}; ls | sort
"
        );
        let output = run(&folder(&steps)).ended_with(0);
        let lines = printed(&output);
        let at = lines.iter().position(|line| *line == "new").unwrap_or_else(|| panic!("{output:?}"));
        assert_eq!(lines[at + 1], "3", "{output:?}");
        assert!(lines[..at].contains(&long.as_str()), "{output:?}");
        assert!(lines.ends_with(&["b", "same", file, "back", "one", "two"]), "no part is left: {output:?}");
    }
}

#[test]
fn a_file_that_is_no_archive_is_left_as_it_is_and_named_in_full() {
    let steps = "\
steps:
- script: mkdir in; echo x > in/f; echo no archive > a.zip
- task: ArchiveFiles@2
  inputs: {rootFolderOrFile: in, archiveFile: a.zip, replaceExistingArchive: false}
- script: cat a.zip; ls; pwd
  condition: always()
- task: ExtractFiles@1
  condition: always()
  inputs: {archiveFilePatterns: a.zip, destinationFolder: back}
";
    let output = run(&folder(steps)).ended_with(1);
    let lines = printed(&output);
    let at = lines.iter().position(|line| *line == "no archive").unwrap_or_else(|| panic!("{output:?}"));
    assert_eq!(lines[at + 1..at + 3], ["a.zip", "in"], "{output:?}");
    let path = format!("{}/a.zip", lines[at + 3]);
    assert!(output.stdout.contains(&format!("##[error]Nothing can be added to `{path}`: ")), "{output:?}");
    assert!(output.stdout.contains(&format!("##[error]`{path}` can't be unpacked: ")), "{output:?}");
}

#[test]
fn a_pattern_may_mean_no_archive_and_one_that_is_named_must_be_there() {
    let steps = |pattern: &str| {
        format!(
            "steps:\n- script: mkdir -p d.zip out; touch out/old\n- task: ExtractFiles@1\n  inputs: {{archiveFilePatterns: '{pattern}', destinationFolder: out}}\n- script: ls -A out; echo done\n"
        )
    };
    for pattern in ["**/*.tar", "none/?.zip", "[x].zip"] {
        let output = run(&folder(&steps(pattern))).ended_with(0);
        let told = "##[warning]No archive is meant by `archiveFilePatterns`: nothing is unpacked.";
        assert!(output.stdout.contains(told) && printed(&output).ends_with(&["done"]), "{pattern}: {output:?}");
    }
    fails_with(run(&folder(&steps("none.zip"))), "The archive `none.zip` can't be used: No such file");
    fails_with(run(&folder(&steps("d.zip"))), "The archive `d.zip` is no file.");
}

#[test]
fn packing_stops_in_the_middle_of_a_file() {
    // Nobody would wait for its end.
    for form in ["zip", "tar, tarCompression: xz", "tar, tarCompression: gz"] {
        let steps = format!(
            "steps:\n- script: mkdir big; truncate -s 1T big/file\n- task: ArchiveFiles@2\n  timeoutInMinutes: 0.005\n  inputs: {{rootFolderOrFile: big, archiveFile: x, archiveType: {form}}}\n"
        );
        fails_with(run(&folder(&steps)), "The step took longer than 0.005 minutes and was stopped.");
    }
}
