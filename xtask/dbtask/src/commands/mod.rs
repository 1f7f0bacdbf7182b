//! The commands, one file each, named as typed.

pub(crate) mod apply;
pub(crate) mod backup;
pub(crate) mod baseline;
pub(crate) mod check;
pub(crate) mod down;
pub(crate) mod drift;
pub(crate) mod drop;
pub(crate) mod explain;
pub(crate) mod lint;
pub(crate) mod log;
pub(crate) mod mark;
pub(crate) mod new;
pub(crate) mod plan;
pub(crate) mod push;
pub(crate) mod rehearse;
pub(crate) mod repair;
pub(crate) mod reset;
pub(crate) mod restore;
pub(crate) mod schema;
pub(crate) mod setup;
pub(crate) mod status;
pub(crate) mod up;
