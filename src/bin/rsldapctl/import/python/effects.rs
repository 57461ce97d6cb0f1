//! What code does that is not run: every name that it may set or change is unknown afterwards.

use std::collections::HashSet;

use tree_sitter::Node;

use super::expression::{MAX_NESTING, Scope, Taint};
use super::value::{Located, Value, is_mutable};
use super::{children, line};

/// Functions that keep their hands off the lists and dictionaries they are given.
const READERS: [&str; 22] = [
    "LDAPSearch",
    "format",
    "join",
    "LDAPSearchUnion",
    "LDAPGroupQuery",
    "dict",
    "list",
    "tuple",
    "set",
    "frozenset",
    "str",
    "bool",
    "int",
    "len",
    "sorted",
    "any",
    "all",
    "print",
    "repr",
    "isinstance",
    "enumerate",
    "zip",
];

/// Methods that change nothing.
const PURE: [&str; 7] = ["get", "keys", "values", "items", "copy", "index", "count"];

/// Every name that is set or changed anywhere inside is unknown from here on.
pub fn forget(scope: &mut Scope<'_>, node: Node<'_>, why: &str) {
    // `if x: other = FLAGS` makes another name of it, perhaps.
    let mut assignments = Vec::new();
    walk(node, |part| {
        let sides = ["left", "right"].map(|side| part.child_by_field_name(side));
        if let ("assignment", [Some(left), Some(right)]) = (part.kind(), sides) {
            assignments.push((left, right));
        }
    });
    for (left, right) in assignments {
        share(scope, &[left], right);
    }
    let mut names = Vec::new();
    walk(node, |part| {
        names.extend(assigned(part).into_iter().filter_map(root));
        names.extend(bound(part));
    });
    names.extend(touched(scope, node, |value| {
        value.is_some_and(|value| is_mutable(value) || value.why_unknown().is_some())
    }));
    all_unknown(scope, &names, why);
    unseen(scope, node);
}

/// A function may be called at any time from here on, and then changes what it does not call its own:
/// what it declares global, and the parts of everything else. The body of a class is much the same.
pub fn forget_outer(scope: &mut Scope<'_>, node: Node<'_>) {
    let why = format!("the function on line {} sets it", line(node));
    let mut rebound = Vec::new();
    let mut parts = Vec::new();
    walk(node, |part| match part.kind() {
        "global_statement" => rebound.extend(children(part)),
        // In the body of a class `|=` changes the dictionary of the file itself.
        "augmented_assignment" => parts.extend(assigned(part)),
        _ => parts.extend(
            assigned(part)
                .into_iter()
                .filter(|target| target.kind() != "identifier"),
        ),
    });
    let parts: Vec<Node<'_>> = parts.into_iter().filter_map(root).collect();
    let given = touched(scope, node, |_| true);
    for (names, kind) in [
        (rebound, Taint::Rebound),
        ([parts, given].concat(), Taint::Changed),
    ] {
        for name in names {
            let name = scope.source(name);
            if !scope.imports.contains_key(name) {
                forget_aliases(scope, name, line(node));
                scope.taint(name, kind, &why);
            }
        }
    }
    let definition = node.child_by_field_name("definition").unwrap_or(node);
    if let Some(name) = definition.child_by_field_name("name") {
        all_unknown(scope, &[name], "it is a definition");
    }
    unseen(scope, node);
}

/// What an expression changes besides having a value: `FLAGS.pop("x")`, `(name := 1)`.
pub fn side_effects(scope: &mut Scope<'_>, node: Node<'_>) {
    let why = format!("line {} may change it", line(node));
    forget(scope, node, &why);
}

/// A block that may end before its end: what it gives another value is unknown.
pub fn uncertain(scope: &mut Scope<'_>, node: Node<'_>, run: impl FnOnce(&mut Scope<'_>)) {
    let mut names = HashSet::new();
    walk(node, |part| {
        names.extend(
            assigned(part)
                .into_iter()
                .filter_map(root)
                .map(|name| name.byte_range()),
        );
    });
    let text = scope.text();
    let names = names.into_iter().filter_map(|range| text.get(range));
    let before: Vec<(String, Located)> = names
        .filter_map(|name| Some((name.to_owned(), scope.names.get(name)?.clone())))
        .collect();
    run(scope);
    let why = format!("the block on line {} may end before it is set", line(node));
    for (name, old) in before {
        if scope
            .names
            .get(&name)
            .is_some_and(|new| new.value != old.value)
        {
            scope.assign(
                &name,
                Located {
                    line: line(node),
                    value: Value::unknown(&why),
                },
            );
        }
    }
}

/// The other names of what this name stands for: they change with it.
pub fn forget_aliases(scope: &mut Scope<'_>, name: &str, line: usize) {
    let Some(same) = scope.shared.iter().find(|names| names.contains(name)) else {
        return;
    };
    let others: Vec<String> = same
        .iter()
        .filter(|other| *other != name)
        .cloned()
        .collect();
    let why = format!("line {line} may change it, by way of {name}");
    for other in others {
        if scope.names.contains_key(&other) {
            scope.assign(
                &other,
                Located {
                    line,
                    value: Value::unknown(&why),
                },
            );
        }
    }
}

/// Notes that lists and dictionaries on the right may be the same as those on the left.
pub fn share(scope: &mut Scope<'_>, targets: &[Node<'_>], right: Node<'_>) {
    let mut names: HashSet<String> = HashSet::new();
    let mut taken_apart = HashSet::new();
    walk(right, |part| {
        // `GROUPS["a"]` is as a rule a text.
        if part.kind() == "subscript" && right.kind() != "subscript" {
            taken_apart.extend(part.child_by_field_name("value").map(|value| value.id()));
        }
        if part.kind() == "identifier" && !taken_apart.contains(&part.id()) {
            names.insert(scope.source(part).to_owned());
        }
    });
    names.retain(|name| {
        scope
            .names
            .get(name)
            .is_some_and(|known| is_mutable(&known.value))
    });
    if names.is_empty() {
        return;
    }
    let targets = targets.iter().filter_map(|target| root(*target));
    names.extend(targets.map(|name| scope.source(name).to_owned()));
    let (same, others): (Vec<_>, Vec<_>) = std::mem::take(&mut scope.shared)
        .into_iter()
        .partition(|known| !known.is_disjoint(&names));
    scope.shared = others;
    names.extend(same.into_iter().flatten());
    scope.shared.push(names);
}

fn all_unknown(scope: &mut Scope<'_>, names: &[Node<'_>], why: &str) {
    names.iter().for_each(|name| unknown(scope, *name, why));
}

/// From here on it is not known what this name stands for, nor its aliases.
pub fn unknown(scope: &mut Scope<'_>, name: Node<'_>, why: &str) {
    let (at, name) = (line(name), scope.source(name).to_owned());
    forget_aliases(scope, &name, at);
    scope.assign(
        &name,
        Located {
            line: at,
            value: Value::unknown(why),
        },
    );
}

/// Goes through all parts. The walk needs no stack of its own.
fn walk<'t>(node: Node<'t>, mut visit: impl FnMut(Node<'t>)) {
    let mut cursor = node.walk();
    loop {
        visit(cursor.node());
        if cursor.goto_first_child() {
            continue;
        }
        while cursor.node().id() == node.id() || !cursor.goto_next_sibling() {
            if cursor.node().id() == node.id() || !cursor.goto_parent() {
                return;
            }
        }
    }
}

/// What a node itself sets: names, and parts of them.
fn assigned(node: Node<'_>) -> Vec<Node<'_>> {
    let field = |name| node.child_by_field_name(name).into_iter().collect();
    match node.kind() {
        "assignment" | "augmented_assignment" | "for_statement" => field("left"),
        "named_expression" => field("name"),
        "pattern_list" | "tuple_pattern" | "list_pattern" | "list_splat_pattern"
        | "as_pattern_target" => children(node),
        "delete_statement" => children(node)
            .into_iter()
            .flat_map(|part| match part.kind() {
                "expression_list" => children(part),
                _ => vec![part],
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The names that an import or a definition gives a meaning.
fn bound(node: Node<'_>) -> Option<Node<'_>> {
    match node.kind() {
        "function_definition" | "class_definition" => node.child_by_field_name("name"),
        "aliased_import" => node.child_by_field_name("alias"),
        "dotted_name" => {
            let statement = node.parent()?;
            let is_module = statement.child_by_field_name("module_name") == Some(node);
            let kind = statement.kind();
            (kind == "import_from_statement" && !is_module).then_some(node)
        }
        _ => None,
    }
}

/// The names whose lists and dictionaries a method or a function may change.
fn touched<'n>(
    scope: &Scope<'_>,
    node: Node<'n>,
    matters: impl Fn(Option<&Value>) -> bool,
) -> Vec<Node<'n>> {
    let mut names = Vec::new();
    let known = |name: &Node<'n>| {
        matters(
            scope
                .names
                .get(scope.source(*name))
                .map(|known| &known.value),
        )
    };
    walk(node, |part| {
        let Some(function) = part
            .child_by_field_name("function")
            .filter(|_| part.kind() == "call")
        else {
            return;
        };
        let last = scope
            .source(function)
            .rsplit('.')
            .next()
            .unwrap_or_default();
        if PURE.contains(&last) || READERS.contains(&last) || last.ends_with("Type") {
            return;
        }
        if function.kind() == "attribute" {
            names.extend(root(function).filter(known));
        }
        if let Some(arguments) = part.child_by_field_name("arguments") {
            let value = |argument: Node<'n>| argument.child_by_field_name("value");
            let values = children(arguments).into_iter();
            let values = values.map(|argument| value(argument).unwrap_or(argument));
            names.extend(values.filter_map(root).filter(known));
        }
    });
    names
}

/// Says where something is done that may set any name.
pub fn unseen(scope: &mut Scope<'_>, node: Node<'_>) {
    let mut found = Vec::new();
    walk(node, |part| match part.kind() {
        "call" => {
            let function = part.child_by_field_name("function");
            let function = function.map_or("", |function| scope.source(function));
            let last = function.rsplit('.').next().unwrap_or_default();
            if ["exec", "eval", "execfile", "setattr", "include"].contains(&last)
                || ["globals", "vars", "locals"].contains(&function)
            {
                found.push((
                    line(part),
                    format!("{last}(...) was not run; it may set anything"),
                ));
            }
        }
        "exec_statement" => {
            found.push((
                line(part),
                "exec was not run; it may set anything".to_owned(),
            ));
        }
        "wildcard_import" => {
            let module = part
                .parent()
                .and_then(|import| import.child_by_field_name("module_name"));
            let module = module.map_or("", |module| scope.source(module));
            if !["ldap", "django_auth_ldap"].contains(&module.split('.').next().unwrap_or(module)) {
                let text = format!("what {module} sets is not seen: only this file is read");
                found.push((line(part), text));
            }
        }
        _ => {}
    });
    for (line, text) in found {
        scope.unseen(line, text);
    }
}

/// The name that is set, or a part of which is set.
pub fn root(target: Node<'_>) -> Option<Node<'_>> {
    let mut at = target;
    // What is deeper has no value that is known.
    for _ in 0..MAX_NESTING {
        at = match at.kind() {
            "identifier" | "dotted_name" => return Some(at),
            "subscript" => at.child_by_field_name("value")?,
            "attribute" => at.child_by_field_name("object")?,
            "call" => at.child_by_field_name("function")?,
            "list_splat"
            | "dictionary_splat"
            | "list_splat_pattern"
            | "parenthesized_expression" => *children(at).first()?,
            _ => return None,
        };
    }
    None
}
