//! Statements: which names a file sets, and what it does that nobody can foresee.

use tree_sitter::Node;

use super::effects::{
    forget, forget_aliases, forget_outer, root, share, side_effects, uncertain, unknown, unseen,
};
use super::expression::Scope;
use super::operators::combined;
use super::value::{Located, MAX_DEPTH, Value, holds_mutable, is_mutable};
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
        unseen: scope.unseen,
        guesses: scope.guesses,
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
        "with_statement" => with(scope, node),
        "for_statement" | "while_statement" | "match_statement" => {
            forget(
                scope,
                node,
                &format!("it is set in a loop or a match on line {}", line(node)),
            );
        }
        "delete_statement" => forget(scope, node, "it is deleted"),
        "function_definition" | "decorated_definition" | "class_definition" => {
            forget_outer(scope, node)
        }
        _ => side_effects(scope, node),
    }
}

fn expression(scope: &mut Scope<'_>, node: Node<'_>) {
    match node.kind() {
        "assignment" => assignment(scope, node),
        "augmented_assignment" => augmented(scope, node),
        "call" => bare_call(scope, node),
        _ => side_effects(scope, node),
    }
}

/// Its block may be left early, where the context swallows exceptions.
fn with(scope: &mut Scope<'_>, node: Node<'_>) {
    let Some(body) = node.child_by_field_name("body") else {
        return;
    };
    children(node)
        .into_iter()
        .filter(|part| *part != body)
        .for_each(|part| side_effects(scope, part));
    uncertain(scope, body, |scope| block(scope, body));
}

/// `a = b = value`, `a: type = value`, `a["key"] = value`, `a, b = values`
fn assignment(scope: &mut Scope<'_>, node: Node<'_>) {
    let mut targets = Vec::new();
    let mut at = node;
    let right = loop {
        targets.extend(at.child_by_field_name("left"));
        match at.child_by_field_name("right") {
            Some(right) if right.kind() == "assignment" => at = right,
            Some(right) => break right,
            // `a: type` sets nothing.
            None => return,
        }
    };
    side_effects(scope, right);
    let (value, guess) = guessed(scope, |scope| scope.value(right));
    let value = Located {
        line: line(node),
        value,
    };
    for target in &targets {
        if target.kind() == "identifier" {
            let name = scope.source(*target);
            scope.guesses.remove(name);
            scope.shared.iter_mut().for_each(|names| {
                names.remove(name);
            });
        }
    }
    for target in &targets {
        set(scope, *target, &value);
        note_guess(scope, *target, guess.as_ref());
    }
    if holds_mutable(&value.value) {
        share(scope, &targets, right);
        if targets.len() > 1 {
            let names = targets.iter().filter_map(|target| root(*target));
            let names = names.map(|name| scope.source(name).to_owned());
            let names = names.collect();
            scope.shared.push(names);
        }
    }
}

/// Does something, and says whether the default of an environment variable went into it.
fn guessed<T>(
    scope: &mut Scope<'_>,
    work: impl FnOnce(&mut Scope<'_>) -> T,
) -> (T, Option<String>) {
    let before = scope.guess.take();
    let result = work(scope);
    (result, std::mem::replace(&mut scope.guess, before))
}

fn note_guess(scope: &mut Scope<'_>, target: Node<'_>, variable: Option<&String>) {
    let Some(variable) = variable else { return };
    let mut names = vec![target];
    if matches!(
        target.kind(),
        "pattern_list" | "tuple_pattern" | "list_pattern"
    ) {
        names = children(target);
    }
    for name in names.into_iter().filter_map(root) {
        let name = scope.source(name).to_owned();
        scope.guesses.insert(name, variable.clone());
    }
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
        // A part of something else.
        _ => forget(scope, target, &format!("line {} changes it", line(target))),
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
    side_effects(scope, key);
    if object.kind() != "identifier" {
        match root(object) {
            Some(name) => {
                let why = format!("line {} changes it", line(target));
                unknown(scope, name, &why);
            }
            None => scope.unseen(
                line(target),
                "something else than a name is set here; it was not followed".to_owned(),
            ),
        }
        unseen(scope, object);
        return;
    }
    let name = scope.source(object).to_owned();
    forget_aliases(scope, &name, line(target));
    let key = scope.located(key);
    let too_deep = value.value.depth() + 1 > MAX_DEPTH;
    if !scope.names.contains_key(&name) {
        unknown(scope, object, "it comes from elsewhere");
    }
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
    side_effects(scope, right);
    let (value, guess) = guessed(scope, |scope| {
        combined(scope.value(target), operator, scope.value(right))
    });
    if is_mutable(&value) {
        if let Some(name) = root(target) {
            let name = scope.source(name).to_owned();
            forget_aliases(scope, &name, line(node));
        }
        share(scope, &[target], right);
    }
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
    note_guess(scope, target, guess.as_ref());
}

/// A call whose result nobody uses: it is there for what it does.
fn bare_call(scope: &mut Scope<'_>, node: Node<'_>) {
    side_effects(scope, node);
    let function = node.child_by_field_name("function");
    let dotted = function.map_or("", |function| scope.source(function));
    if dotted.rsplit('.').next() != Some("set_option") {
        return;
    }
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
        scope.guesses.remove(local);
        let why = format!("it is imported from {module}");
        // A setting, or another meaning of a name.
        if local.starts_with("AUTH_LDAP_") || scope.names.contains_key(local) {
            let line = line(node);
            scope.assign(
                local,
                Located {
                    line,
                    value: Value::unknown(why),
                },
            );
        }
        let first = local.split('.').next().unwrap_or(local);
        if module.is_empty() && first != local {
            scope.imports.insert(first.to_owned(), first.to_owned());
        }
    }
    unseen(scope, node);
}

/// The branch that is taken, or none where that depends on what is not known.
fn condition(scope: &mut Scope<'_>, node: Node<'_>) {
    let mut truth = truth_of(scope, node);
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
                truth_of(scope, other),
                other.child_by_field_name("consequence"),
            )
        } else {
            (Some(true), other.child_by_field_name("body"))
        };
    }
}

/// None as well where the environment may decide otherwise.
fn truth_of(scope: &mut Scope<'_>, node: Node<'_>) -> Option<bool> {
    if let Some(condition) = node.child_by_field_name("condition") {
        side_effects(scope, condition);
    }
    let (value, guess) = guessed(scope, |scope| scope.field(node, "condition"));
    value.truth().filter(|_| guess.is_none())
}

fn attempt(scope: &mut Scope<'_>, node: Node<'_>) {
    for part in children(node) {
        match part.kind() {
            "block" => uncertain(scope, part, |scope| block(scope, part)),
            "except_clause" | "except_group_clause" => {
                forget(
                    scope,
                    part,
                    &format!("it depends on an exception on line {}", line(part)),
                );
            }
            "finally_clause" => blocks(scope, part),
            _ => uncertain(scope, part, |scope| blocks(scope, part)),
        }
    }
}

fn blocks(scope: &mut Scope<'_>, node: Node<'_>) {
    children(node)
        .into_iter()
        .filter(|inner| inner.kind() == "block")
        .for_each(|inner| block(scope, inner));
}
