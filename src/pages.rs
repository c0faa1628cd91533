//! One file a route, and the forms that several of them share: resources and actions in, components out.

pub mod dashboard;
pub mod device;
pub mod devices;
pub mod fleet;
pub mod not_found;
pub mod register_form;
pub mod submission;
pub mod unregister_dialog;
