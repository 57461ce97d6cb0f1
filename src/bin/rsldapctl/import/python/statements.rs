//! Statements: which names a file sets, and what it does that nobody can foresee.

use tree_sitter::Node;

use super::expression::Scope;
use super::operators::combined;
use super::value::{Located, MAX_DEPTH, Value};
use super::{Module, children, line};

impl Scope<'_> {
    /// Whether the name begins with a module that was imported.
    pub fn is_import(&self, dotted: &str) -> bool {
        let first = dotted.split('.').next().unwrap_or(dotted);
        self.imports.contains_key(first)
    }
}

/// Goes through a file.
pub fn run(root: Node<'_>, text: &str) -> Module {
    let mut scope = Scope::new(text);
    block(&mut scope, root);
    let mut settings = Vec::new();
    for name in std::mem::take(&mut scope.order) {
        if let Some(value) = scope.names.remove(&name) {
            settings.push((name, value));
        }
    }
    Module {
        settings,
        remarks: scope.remarks,
        options: scope.options,
    }
}

fn block(scope: &mut Scope<'_>, node: Node<'_>) {
    let inside = scope.nested(|scope| {
        children(node)
            .into_iter()
            .for_each(|child| statement(scope, child));
    });
    if inside.is_none() {
        forget(scope, node, "it stands too deep");
    }
}

fn statement(scope: &mut Scope<'_>, node: Node<'_>) {
    match node.kind() {
        "expression_statement" => children(node)
            .into_iter()
            .for_each(|part| expression(scope, part)),
        "import_statement" | "import_from_statement" => import(scope, node),
        "if_statement" => condition(scope, node),
        "try_statement" => attempt(scope, node),
        "with_statement" => {
            if let Some(body) = node.child_by_field_name("body") {
                block(scope, body);
            }
        }
        "for_statement" | "while_statement" | "match_statement" => {
            forget(
                scope,
                node,
                &format!("it is set in a loop or a match on line {}", line(node)),
            );
        }
        "delete_statement" => forget(scope, node, "it is deleted"),
        "function_definition" | "decorated_definition" | "class_definition" => {
            forget_globals(scope, node)
        }
        "exec_statement" => scope.remark(line(node), "exec was not run; it may set anything"),
        _ => {}
    }
}

fn expression(scope: &mut Scope<'_>, node: Node<'_>) {
    match node.kind() {
        "assignment" => assignment(scope, node),
        "augmented_assignment" => augmented(scope, node),
        "call" => bare_call(scope, node),
        _ => {}
    }
}

/// `a = b = value`, `a: type = value`, `a["key"] = value`, `a, b = values`
fn assignment(scope: &mut Scope<'_>, node: Node<'_>) {
    let mut targets = Vec::new();
    let mut at = node;
    let value = loop {
        targets.extend(at.child_by_field_name("left"));
        match at.child_by_field_name("right") {
            Some(right) if right.kind() == "assignment" && targets.len() < 100 => at = right,
            Some(right) => {
                break Located {
                    line: line(node),
                    value: scope.value(right),
                };
            }
            // `a: type` sets nothing.
            None => return,
        }
    };
    targets
        .into_iter()
        .for_each(|target| set(scope, target, &value));
}

fn set(scope: &mut Scope<'_>, target: Node<'_>, value: &Located) {
    match target.kind() {
        "identifier" => {
            let name = scope.source(target).to_owned();
            scope.assign(&name, value.clone());
        }
        "subscript" => set_part(scope, target, value),
        "pattern_list" | "tuple_pattern" | "list_pattern" => {
            let targets = children(target);
            let values = match &value.value {
                Value::List(values) if values.len() == targets.len() => values.clone(),
                _ => Vec::new(),
            };
            for (place, target) in targets.into_iter().enumerate() {
                let unknown = || Located {
                    line: value.line,
                    value: Value::unknown("it is a part of something else"),
                };
                let part = values.get(place).cloned().unwrap_or_else(unknown);
                // Deeper patterns are unusual enough.
                match target.kind() {
                    "identifier" | "subscript" => set(scope, target, &part),
                    _ => forget(scope, target, "it is a part of something else"),
                }
            }
        }
        _ => {}
    }
}

/// `name[key] = value`, for a dictionary.
fn set_part(scope: &mut Scope<'_>, target: Node<'_>, value: &Located) {
    let parts = (
        target.child_by_field_name("value"),
        target.child_by_field_name("subscript"),
    );
    let (Some(object), Some(key)) = parts else {
        return;
    };
    if object.kind() != "identifier" {
        scope.remark(
            line(target),
            "something else than a name is set here; it was not followed",
        );
        return;
    }
    let name = scope.source(object).to_owned();
    let key = scope.located(key);
    let too_deep = value.value.depth() + 1 > MAX_DEPTH;
    let Some(known) = scope.names.get_mut(&name) else {
        return;
    };
    known.value = match std::mem::replace(&mut known.value, Value::None) {
        Value::Dictionary(mut pairs) if !too_deep && key.value.why_unknown().is_none() => {
            pairs.retain(|(name, _)| name.value != key.value);
            pairs.push((key, value.clone()));
            Value::Dictionary(pairs)
        }
        Value::Unknown(why) => Value::Unknown(why),
        _ => Value::unknown(format!("line {} changes it", line(target))),
    };
}

/// `a += value`, `a |= value`
fn augmented(scope: &mut Scope<'_>, node: Node<'_>) {
    let fields = ["left", "operator", "right"].map(|name| node.child_by_field_name(name));
    let [Some(target), Some(operator), Some(right)] = fields else {
        return;
    };
    let operator = scope.source(operator).trim_end_matches('=');
    let (left, right) = (scope.value(target), scope.value(right));
    let value = combined(left, operator, right);
    let size_and_depth_are_fine = value.depth() <= MAX_DEPTH && value.size() < 1_000_000;
    let value = Located {
        line: line(node),
        value: if size_and_depth_are_fine {
            value
        } else {
            Value::unknown("it is too large")
        },
    };
    set(scope, target, &value);
}

/// A call whose result nobody uses: it is there for what it does.
fn bare_call(scope: &mut Scope<'_>, node: Node<'_>) {
    let Some(function) = node.child_by_field_name("function") else {
        return;
    };
    let dotted = scope.source(function);
    let last = dotted.rsplit('.').next().unwrap_or(dotted);
    match last {
        "set_option" => {
            let arguments: Vec<Located> = node
                .child_by_field_name("arguments")
                .map(children)
                .unwrap_or_default()
                .into_iter()
                .map(|argument| scope.located(argument))
                .collect();
            if let [
                Located {
                    value: Value::Constant(name),
                    ..
                },
                value,
            ] = arguments.as_slice()
            {
                scope.options.push((name.clone(), value.clone()));
            }
        }
        "exec" | "eval" | "execfile" | "__import__" | "import_module" | "setattr" | "include" => {
            scope.remark(
                line(node),
                format!("{last}(...) was not run; it may set anything"),
            );
        }
        "update" | "setdefault" | "pop" | "append" | "extend" | "clear" | "insert" | "remove"
        | "add" | "discard" => {
            let object = dotted.rsplit_once('.').map(|(object, _)| object.trim());
            if let Some(known) = object.and_then(|name| scope.names.get_mut(name)) {
                known.value =
                    Value::unknown(format!("{last}(...) on line {} changes it", line(node)));
            } else if dotted.contains("globals") {
                scope.remark(line(node), "globals() was not run; it may set anything");
            }
        }
        _ => {}
    }
}

fn import(scope: &mut Scope<'_>, node: Node<'_>) {
    let module = node
        .child_by_field_name("module_name")
        .map_or("", |node| scope.source(node));
    let mut cursor = node.walk();
    let names: Vec<Node<'_>> = node.children_by_field_name("name", &mut cursor).collect();
    for name in names {
        let (original, local) = match name.kind() {
            "aliased_import" => (
                name.child_by_field_name("name")
                    .map_or("", |node| scope.source(node)),
                name.child_by_field_name("alias")
                    .map_or("", |node| scope.source(node)),
            ),
            _ => (scope.source(name), scope.source(name)),
        };
        scope
            .imports
            .insert(local.to_owned(), format!("{module}.{original}"));
        let first = local.split('.').next().unwrap_or(local);
        if module.is_empty() && first != local {
            scope.imports.insert(first.to_owned(), first.to_owned());
        }
    }
    let is_library =
        ["ldap", "django_auth_ldap"].contains(&module.split('.').next().unwrap_or(module));
    let takes_all = children(node)
        .iter()
        .any(|part| part.kind() == "wildcard_import");
    if takes_all && !is_library {
        let text = format!("what {module} sets is not seen: only this file is read");
        scope.remark(line(node), text);
    }
}

/// The branch that is taken, or none where that depends on what is not known.
fn condition(scope: &mut Scope<'_>, node: Node<'_>) {
    let mut truth = scope.field(node, "condition").truth();
    let mut body = node.child_by_field_name("consequence");
    let mut cursor = node.walk();
    let mut others = node
        .children_by_field_name("alternative", &mut cursor)
        .collect::<Vec<_>>()
        .into_iter();
    loop {
        match (truth, body) {
            (Some(true), Some(body)) => return block(scope, body),
            (Some(false), _) => {}
            _ => {
                let why = format!("it depends on the condition on line {}", line(node));
                return forget(scope, node, &why);
            }
        }
        let Some(other) = others.next() else { return };
        (truth, body) = if other.kind() == "elif_clause" {
            (
                scope.field(other, "condition").truth(),
                other.child_by_field_name("consequence"),
            )
        } else {
            (Some(true), other.child_by_field_name("body"))
        };
    }
}

fn attempt(scope: &mut Scope<'_>, node: Node<'_>) {
    for part in children(node) {
        match part.kind() {
            "block" => block(scope, part),
            "except_clause" | "except_group_clause" => {
                forget(
                    scope,
                    part,
                    &format!("it depends on an exception on line {}", line(part)),
                );
            }
            _ => children(part)
                .into_iter()
                .filter(|inner| inner.kind() == "block")
                .for_each(|inner| block(scope, inner)),
        }
    }
}

/// Every name that is set anywhere inside is unknown from here on.
fn forget(scope: &mut Scope<'_>, node: Node<'_>, why: &str) {
    forget_all(scope, node, why, assigned);
}

/// A function may be called, and then sets the names that it calls global.
fn forget_globals(scope: &mut Scope<'_>, node: Node<'_>) {
    let why = format!("the function on line {} sets it", line(node));
    forget_all(scope, node, &why, |node| match node.kind() {
        "global_statement" => children(node),
        _ => Vec::new(),
    });
}

/// The walk needs no stack of its own.
fn forget_all(
    scope: &mut Scope<'_>,
    node: Node<'_>,
    why: &str,
    names: for<'n> fn(Node<'n>) -> Vec<Node<'n>>,
) {
    let mut cursor = node.walk();
    let root = node.id();
    loop {
        let node = cursor.node();
        for name in names(node) {
            let name = scope.source(name).to_owned();
            scope.assign(
                &name,
                Located {
                    line: line(node),
                    value: Value::unknown(why),
                },
            );
        }
        if cursor.goto_first_child() {
            continue;
        }
        while cursor.node().id() == root || !cursor.goto_next_sibling() {
            if cursor.node().id() == root || !cursor.goto_parent() {
                return;
            }
        }
    }
}

/// The names that a node itself sets.
fn assigned(node: Node<'_>) -> Vec<Node<'_>> {
    let field = |name| node.child_by_field_name(name).into_iter().collect();
    let targets: Vec<Node<'_>> = match node.kind() {
        "assignment" | "augmented_assignment" | "for_statement" => field("left"),
        "named_expression" => field("name"),
        "pattern_list" | "tuple_pattern" | "list_pattern" => children(node),
        "delete_statement" => children(node)
            .into_iter()
            .flat_map(|part| {
                if part.kind() == "expression_list" {
                    children(part)
                } else {
                    vec![part]
                }
            })
            .collect(),
        _ => return Vec::new(),
    };
    targets.into_iter().filter_map(named).collect()
}

/// The name that is set, or a part of which is set.
fn named(target: Node<'_>) -> Option<Node<'_>> {
    match target.kind() {
        "identifier" => Some(target),
        "subscript" => target
            .child_by_field_name("value")
            .filter(|node| node.kind() == "identifier"),
        _ => None,
    }
}
