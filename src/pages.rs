//! One file a route: resources and actions in, components out.
