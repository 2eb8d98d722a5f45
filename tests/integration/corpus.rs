//! The inputs in `tests/testdata/corpus`, each through the function that random inputs of its subject
//! go through (`cargo bench --bench fuzz`): what once broke a promise, or is likely to.

#[path = "../../benches/fuzz/subject.rs"]
mod subject;

use std::path::Path;
use subject::Subject;

const FOLDER: &str = "tests/testdata/corpus";

#[test]
fn no_kept_input_breaks_a_promise() {
    let scratch = tempfile::tempdir().expect("a temporary folder");
    for subject in Subject::ALL {
        let folder = Path::new(FOLDER).join(subject.word());
        let mut inputs = 0;
        for entry in std::fs::read_dir(&folder).expect("each subject has inputs") {
            let input = std::fs::read(entry.expect("an entry").path()).expect("an input");
            // Whether it is taken does not matter: that it neither panics nor hangs does.
            subject.attempt(&input, scratch.path());
            inputs += 1;
        }
        assert!(inputs > 0, "{} has no inputs", folder.display());
    }
}
