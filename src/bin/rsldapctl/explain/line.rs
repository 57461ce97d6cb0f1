//! A tree for people, with times.

use crate::screen::{Screen, Tone};

/// A line, and what is below it.
pub struct Line {
    tone: Tone,
    text: String,
    ms: Option<f64>,
    below: Vec<Line>,
}

impl Line {
    pub fn new(tone: Tone, text: impl Into<String>) -> Line {
        Line {
            tone,
            text: text.into(),
            ms: None,
            below: Vec::new(),
        }
    }

    pub fn plain(text: impl Into<String>) -> Line {
        Line::new(Tone::Plain, text)
    }

    pub fn took(self, ms: impl Into<Option<f64>>) -> Line {
        Line {
            ms: ms.into(),
            ..self
        }
    }

    pub fn with(mut self, below: impl IntoIterator<Item = Line>) -> Line {
        self.below.extend(below);
        self
    }

    /// Adds it to a text, and what is below it behind it.
    pub fn write(&self, depth: usize, screen: Screen, text: &mut String) {
        text.push_str(&"  ".repeat(depth));
        text.push_str(&screen.paint(self.tone, &self.text));
        if let Some(ms) = self.ms {
            text.push_str(&screen.paint(Tone::Quiet, &format!(" [{ms:.1} ms]")));
        }
        text.push('\n');
        for below in &self.below {
            below.write(depth + 1, screen, text);
        }
    }
}
