//! The interactive parts of the pages: rendered by the server, brought to life in the browser. All else on a page is the
//! server's HTML, and never code in the browser.

pub mod charts;
pub mod missing_data;
pub mod register_form;
pub mod send_reading;
pub mod submission;
pub mod theme_switch;
pub mod token_card;
pub mod try_virtual_device;
pub mod unregister_dialog;
pub mod zone_switch;
