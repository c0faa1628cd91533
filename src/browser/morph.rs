//! Turning the document into another one in place, so that what has not changed stays: the focus, what was typed,
//! what is folded open, and the islands with all that they know.

use leptos::prelude::document;
use wasm_bindgen::prelude::*;
use web_sys::{Element, Event, HtmlInputElement, HtmlOptionElement, HtmlTextAreaElement, Node};

use super::{ISLAND, PROPS, PROPS_CHANGED};

/// On elements that belong to a script: a newer page leaves them as they are.
const OWN: &str = "data-own";

/// What becomes of the text in the field that has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Typed {
    Kept,
    Replaced,
}

/// What becomes of the content of the page, which is in `<main>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Kept,
    Morphed,
    Replaced,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) typed: Typed,
    pub(super) content: Content,
}

/// Makes `old`, with its attributes and all below it, like `new`, which is used up.
pub(super) fn morph(old: &Element, new: &Element, plan: Plan) {
    if old.local_name() == "main" {
        match plan.content {
            Content::Kept => return,
            Content::Replaced => return replace_children(old, new),
            Content::Morphed => {}
        }
    }
    if old.has_attribute(OWN) || old.is_equal_node(Some(new)) {
        return;
    }
    if old.local_name() == ISLAND {
        morph_island(old, new);
        return;
    }
    morph_attributes(old, new, plan.typed);
    if let Some(area) = old.dyn_ref::<HtmlTextAreaElement>() {
        // The content is only what a text box began with.
        if old.text_content() != new.text_content() && !keeps_text(old, plan.typed) {
            area.set_value(&new.text_content().unwrap_or_default());
        }
    }
    let mut current = old.first_child();
    let mut next = new.first_child();
    while let Some(wanted) = next {
        next = wanted.next_sibling();
        let Some(partner) = partner_of(&wanted, current.as_ref(), next.as_ref()) else {
            // Nothing like it is there. A node of another document is adopted.
            let _ = old.insert_before(&wanted, current.as_ref());
            continue;
        };
        if key_of(&partner).is_some() {
            if current.as_ref() != Some(&partner) {
                let _ = old.insert_before(&partner, current.as_ref());
            }
        } else {
            remove(old, current.as_ref(), Some(&partner));
        }
        current = partner.next_sibling();
        match (partner.dyn_ref::<Element>(), wanted.dyn_ref::<Element>()) {
            (Some(partner), Some(wanted)) => morph(partner, wanted, plan),
            _ if partner.node_value() != wanted.node_value() => {
                partner.set_node_value(wanted.node_value().as_deref());
            }
            _ => {}
        }
    }
    remove(old, current.as_ref(), None);
}

/// Replaces all that is in `old` by what is in `new`.
fn replace_children(old: &Element, new: &Element) {
    old.set_text_content(None);
    while let Some(child) = new.first_child() {
        if old.append_child(&child).is_err() {
            break;
        }
    }
}

/// The node among `current` and those behind it that is to become `wanted`. `next` comes behind `wanted`.
fn partner_of(wanted: &Node, current: Option<&Node>, next: Option<&Node>) -> Option<Node> {
    let mut candidates = siblings_from(current);
    if let Some(key) = key_of(wanted) {
        return candidates.find(|candidate| {
            key_of(candidate).as_ref() == Some(&key) && are_alike(candidate, wanted)
        });
    }
    let current = current?;
    if is_partner(current, wanted) {
        return Some(current.clone());
    }
    // Leptos writes comments where nothing is. They and texts are cheap, and no reason to look far.
    if !wanted.is_instance_of::<Element>() {
        return None;
    }
    let mut elements = candidates.filter(JsCast::is_instance_of::<Element>);
    let first = elements.next()?;
    if is_partner(&first, wanted) {
        return Some(first);
    }
    // What stands here is wanted a little later: `wanted` is new before it.
    if siblings_from(next).any(|later| is_partner(&first, &later)) {
        return None;
    }
    elements.find(|candidate| is_partner(candidate, wanted))
}

fn is_partner(old: &Node, new: &Node) -> bool {
    are_alike(old, new) && key_of(old) == key_of(new)
}

fn are_alike(old: &Node, new: &Node) -> bool {
    old.node_type() == new.node_type()
        && old.node_name() == new.node_name()
        && attribute(old, "data-component") == attribute(new, "data-component")
}

/// What tells an element from its siblings.
fn key_of(node: &Node) -> Option<String> {
    attribute(node, "id").or_else(|| attribute(node, "data-key"))
}

fn attribute(node: &Node, name: &str) -> Option<String> {
    node.dyn_ref::<Element>()?.get_attribute(name)
}

fn siblings_from(node: Option<&Node>) -> impl Iterator<Item = Node> + use<> {
    std::iter::successors(node.cloned(), Node::next_sibling)
}

/// Removes the nodes from `first` up to `end`.
fn remove(parent: &Element, first: Option<&Node>, end: Option<&Node>) {
    let doomed: Vec<Node> = siblings_from(first).take_while(|node| Some(node) != end).collect();
    for node in doomed {
        let _ = parent.remove_child(&node);
    }
}

/// An island is its own master: it is only told what it is about.
fn morph_island(old: &Element, new: &Element) {
    let props = new.get_attribute(PROPS).unwrap_or_default();
    if old.get_attribute(PROPS).as_ref() != Some(&props) {
        let _ = old.set_attribute(PROPS, &props);
        if let Ok(event) = Event::new(PROPS_CHANGED) {
            let _ = old.dispatch_event(&event);
        }
    }
}

fn morph_attributes(old: &Element, new: &Element, typed: Typed) {
    // Whether something is open is up to the person.
    let is_up_to_the_person =
        |name: &str| name == "open" && matches!(old.local_name().as_str(), "details" | "dialog");
    let names = |element: &Element| {
        let names = element.get_attribute_names();
        names.iter().filter_map(|name| name.as_string()).collect::<Vec<_>>()
    };
    for name in names(old) {
        if !new.has_attribute(&name) && !is_up_to_the_person(&name) {
            let _ = old.remove_attribute(&name);
        }
    }
    for name in names(new) {
        let value = new.get_attribute(&name);
        if value == old.get_attribute(&name) || is_up_to_the_person(&name) {
            continue;
        }
        let value = value.unwrap_or_default();
        let _ = old.set_attribute(&name, &value);
        // The attribute is only what an input or a list began with.
        if name == "value"
            && !keeps_text(old, typed)
            && let Some(input) = old.dyn_ref::<HtmlInputElement>()
        {
            input.set_value(&value);
        }
        if name == "selected"
            && let Some(option) = old.dyn_ref::<HtmlOptionElement>()
        {
            option.set_selected(true);
        }
    }
}

/// Whether a person is typing into it, and is to keep what is there.
fn keeps_text(field: &Element, typed: Typed) -> bool {
    typed == Typed::Kept && document().active_element().as_ref() == Some(field)
}
