//! How values reach a script: in its environment, or in files where they are too long for that.

use super::Language;
use std::fmt::Write;

/// The most bytes of one value in the environment: Linux takes 128 KiB in one string of it, and the
/// script may pass the value on with something in front of it.
pub const VALUE_BYTES_MAX: usize = 64 * 1024;

/// The most bytes of all values of a script in the environment: half of what Linux takes as
/// arguments and environment with the usual stack of 8 MiB.
pub const VALUES_BYTES_MAX: usize = 1024 * 1024;

/// The variable that names the folder of the files.
pub const FOLDER_VARIABLE: &str = "PIPEHOOK_FILES";

/// Values on their way into a script, by the names of their variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Carried {
    /// In the environment.
    pub variables: Vec<(String, String)>,
    /// Each in a file named like its variable, in the folder that [`FOLDER_VARIABLE`] names. The
    /// first line of the script reads them.
    pub files: Vec<(String, String)>,
}

/// Decides how values travel.
pub(super) fn carry<'v>(values: impl Iterator<Item = (&'v str, &'v str)>) -> Carried {
    let mut carried = Carried::default();
    let mut bytes = 0;
    for (variable, value) in values {
        let fits = value.len() <= VALUE_BYTES_MAX && bytes + value.len() <= VALUES_BYTES_MAX;
        bytes += if fits { value.len() } else { 0 };
        let way = if fits { &mut carried.variables } else { &mut carried.files };
        way.push((variable.to_owned(), value.to_owned()));
    }
    carried
}

impl Language {
    /// Returns what the script begins with, on its first line, to read the values that are in files.
    /// Which ones these are is all of a payload that it depends on.
    pub(super) fn reading(self, carried: &Carried) -> String {
        let mut reading = String::new();
        for (variable, _) in &carried.files {
            let written = match self {
                // The `x` keeps the new lines at the end, which `$( )` takes away.
                Self::Bash => write!(
                    reading,
                    "{variable}=$(cat -- \"${{{FOLDER_VARIABLE}}}/{variable}\"; echo x); {variable}=${{{variable}%x}}; "
                ),
                Self::PowerShell => write!(
                    reading,
                    "$env:{variable} = [IO.File]::ReadAllText(\"$($env:{FOLDER_VARIABLE})/{variable}\"); "
                ),
                Self::Python | Self::Cmd => Ok(()),
            };
            written.expect("writing to a string can't fail");
        }
        reading
    }
}
