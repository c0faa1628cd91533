//! What pointers do at the moment.

/// Shorter drags are clicks, in CSS pixels.
pub(super) const SLACK: f64 = 4.0;

/// A pointer that is down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pointer {
    pub(super) id: i32,
    /// CSS pixels from the left edge of the charts.
    pub(super) x: f64,
}

/// What the pointers that are down do.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) enum Action {
    #[default]
    None,
    /// The span between where the pointer went down and where it is becomes what is shown.
    Select { start: f64, now: f64 },
    /// The charts move with the pointer.
    Move { start: f64, from: f64, to: f64 },
    /// What was under two fingers stays under them.
    Pinch { left: f64, right: f64 },
}

/// What is going on, and what the next event needs to know of the last.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Gesture {
    pub(super) pointers: Vec<Pointer>,
    pub(super) action: Action,
    /// What was shown when it began, in milliseconds since the epoch.
    pub(super) before: (f64, f64),
    /// Whether it has changed that.
    pub(super) has_moved: bool,
    pub(super) last_tap: Option<(f64, f64)>,
    /// The pointer was moved over the charts, so a wheel is meant for them.
    pub(super) is_pointed_at: bool,
    pub(super) scrolled_at: f64,
}

impl Gesture {
    pub(super) fn is_running(&self) -> bool {
        self.action != Action::None
    }

    /// Whether a span is being chosen.
    pub(super) fn is_choosing(&self) -> bool {
        matches!(self.action, Action::Select { start, now } if (now - start).abs() > SLACK)
    }
}
