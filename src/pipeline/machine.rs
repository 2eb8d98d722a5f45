//! What is known, before a run, of the machine that will execute it: the border through which
//! validation asks whether it has what a pipeline needs.

use super::task::package::Package;
use std::fmt::Debug;
use std::sync::Arc;

/// A machine that executes jobs.
pub trait Machine: Debug + Send + Sync {
    /// Says whether it executes the jobs of a pool. Of what other machines have nothing is known.
    fn serves(&self, pool: &str) -> bool;

    /// Says why nobody executes the jobs of a pool, neither this machine nor another, where that is known.
    fn absence(&self, pool: &str) -> Option<String>;

    /// Returns the task packages that are installed, and what is wrong with others.
    fn packages(&self) -> (Vec<Arc<Package>>, Vec<String>);

    /// Says whether a program is in the path of steps.
    fn has_program(&self, name: &str) -> bool;

    /// Says whether the configuration says where a repository is.
    fn has_repository(&self, name: &str) -> bool;

    /// Says whether containers can be run; otherwise why not.
    fn has_containers(&self) -> Result<(), String>;
}
