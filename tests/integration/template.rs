//! Templates: expansion, directives, parameters, files, limits.

mod again;
mod azure;
mod directives;
mod disk;
mod documentation;
mod expansion;
mod extends;
mod files;
mod limits;
mod parameters;
mod properties;
mod references;
mod repositories;
mod traps;
mod tree;
mod world;
