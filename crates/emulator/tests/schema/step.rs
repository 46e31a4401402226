//! One call of a story.

/// A call that must succeed. `{A}`, `{Z}` and `{U}` in its path and body stand for the account, the zone and the user,
/// `{G}` for the id of the group Zone Read, `{name}` for what an earlier step of the same story kept.
#[derive(Clone, Copy)]
pub struct Step {
    pub method: &'static str,
    pub path: &'static str,
    pub content_type: &'static str,
    pub body: &'static str,
    /// One more header.
    pub header: Option<(&'static str, &'static str)>,
    /// The kept value that is the credential; the Global API key where there is none.
    pub token: Option<&'static str>,
    /// What is kept: the name, and where in the answer's JSON it stands.
    pub keeps: [Option<(&'static str, &'static str)>; 2],
}

/// A call by the Global API key.
pub const fn step(method: &'static str, path: &'static str) -> Step {
    Step { method, path, content_type: "", body: "", header: None, token: None, keeps: [None, None] }
}

impl Step {
    pub const fn json(self, body: &'static str) -> Self {
        self.body("application/json", body)
    }

    pub const fn body(self, content_type: &'static str, body: &'static str) -> Self {
        Self { content_type, body, ..self }
    }

    /// The body is a form with the boundary `b`.
    pub const fn form(self, body: &'static str) -> Self {
        self.body("multipart/form-data; boundary=b", body)
    }

    pub const fn header(self, name: &'static str, value: &'static str) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    pub const fn token(self, kept: &'static str) -> Self {
        Self { token: Some(kept), ..self }
    }

    pub const fn keep(self, name: &'static str, pointer: &'static str) -> Self {
        let keeps = [Some((name, pointer)), self.keeps[0]];
        Self { keeps, ..self }
    }
}
