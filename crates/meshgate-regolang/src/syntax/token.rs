//! The tokens of Rego, and which words are keywords.
//!
//! Deliberately absent: how they are read; see `lex`.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What cannot stand in a module.
    Illegal,
    /// The end of the text.
    End,
    /// Spaces, tabs, line feeds, each its own.
    Space,
    /// A name that is no keyword here.
    Ident,
    /// From `#` to the end of the line.
    Comment,
    /// `package`
    Package,
    /// `import`
    Import,
    /// `as`
    As,
    /// `default`
    Default,
    /// `else`
    Else,
    /// `not`
    Not,
    /// `some`
    Some,
    /// `with`
    With,
    /// `null`
    Null,
    /// `true`
    True,
    /// `false`
    False,
    /// `every`
    Every,
    /// `contains`
    Contains,
    /// `if`
    If,
    /// `in`
    In,
    /// `and`, where it is imported
    LogicalAnd,
    /// `or`, where it is imported
    LogicalOr,
    /// Digits, perhaps with a fraction and an exponent.
    Number,
    /// In quotes or backticks.
    String,
    /// A part of a template before `{`.
    TemplatePart,
    /// The last part of a template.
    TemplateEnd,
    /// The same between backticks.
    RawTemplatePart,
    /// The same between backticks.
    RawTemplateEnd,
    /// `[`
    LBrack,
    /// `]`
    RBrack,
    /// `{`
    LBrace,
    /// `}`
    RBrace,
    /// `(`
    LParen,
    /// `)`
    RParen,
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Quo,
    /// `%`
    Rem,
    /// `&`
    And,
    /// `|`
    Or,
    /// `=`
    Unify,
    /// `==`
    Equal,
    /// `:=`
    Assign,
    /// `!=`
    Neq,
    /// `>`
    Gt,
    /// `<`
    Lt,
    /// `>=`
    Gte,
    /// `<=`
    Lte,
    /// `.`
    Dot,
    /// `;`
    Semicolon,
}

impl Kind {
    /// As OPA's messages name it; of an operator, the builtin that it calls.
    pub fn name(self) -> &'static str {
        match self {
            Self::Illegal => "illegal",
            Self::End => "eof",
            Self::Space => "whitespace",
            Self::Ident => "identifier",
            Self::Comment => "comment",
            Self::Package => "package",
            Self::Import => "import",
            Self::As => "as",
            Self::Default => "default",
            Self::Else => "else",
            Self::Not => "not",
            Self::Some => "some",
            Self::With => "with",
            Self::Null => "null",
            Self::True => "true",
            Self::False => "false",
            Self::Every => "every",
            Self::Contains => "contains",
            Self::If => "if",
            Self::In => "in",
            Self::LogicalAnd | Self::And => "and",
            Self::LogicalOr | Self::Or => "or",
            Self::Number => "number",
            Self::String => "string",
            Self::TemplatePart => "template-string-part",
            Self::TemplateEnd => "template-string-end",
            Self::RawTemplatePart => "raw-template-string-part",
            Self::RawTemplateEnd => "raw-template-string-end",
            Self::LBrack => "[",
            Self::RBrack => "]",
            Self::LBrace => "{",
            Self::RBrace => "}",
            Self::LParen => "(",
            Self::RParen => ")",
            Self::Comma => ",",
            Self::Colon => ":",
            Self::Add => "plus",
            Self::Sub => "minus",
            Self::Mul => "mul",
            Self::Quo => "div",
            Self::Rem => "rem",
            Self::Unify => "eq",
            Self::Equal => "equal",
            Self::Assign => "assign",
            Self::Neq => "neq",
            Self::Gt => "gt",
            Self::Lt => "lt",
            Self::Gte => "gte",
            Self::Lte => "lte",
            Self::Dot => ".",
            Self::Semicolon => ";",
        }
    }

    /// Is it a word of the language?
    pub fn is_keyword(self) -> bool {
        use Kind as K;
        matches!(
            self,
            K::Package
                | K::Import
                | K::As
                | K::Default
                | K::Else
                | K::Not
                | K::Some
                | K::With
                | K::Null
                | K::True
                | K::False
                | K::Every
                | K::Contains
                | K::If
                | K::In
                | K::LogicalAnd
                | K::LogicalOr
        )
    }
}

/// The keywords that a module has: some are there once they are imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keywords {
    /// `in`
    pub member: bool,
    /// `every`
    pub every: bool,
    /// `contains`
    pub contains: bool,
    /// `if`
    pub condition: bool,
    /// `and`
    pub and: bool,
    /// `or`
    pub or: bool,
}

impl Keywords {
    /// Of v0, without imports.
    pub const V0: Self = Self { member: false, every: false, contains: false, condition: false, and: false, or: false };
    /// Of v1, without imports.
    pub const V1: Self = Self { member: true, every: true, contains: true, condition: true, and: false, or: false };

    /// What a word is.
    pub fn kind(self, word: &str) -> Kind {
        match word {
            "package" => Kind::Package,
            "import" => Kind::Import,
            "as" => Kind::As,
            "default" => Kind::Default,
            "else" => Kind::Else,
            "not" => Kind::Not,
            "some" => Kind::Some,
            "with" => Kind::With,
            "null" => Kind::Null,
            "true" => Kind::True,
            "false" => Kind::False,
            "in" if self.member => Kind::In,
            "every" if self.every => Kind::Every,
            "contains" if self.contains => Kind::Contains,
            "if" if self.condition => Kind::If,
            "and" if self.and => Kind::LogicalAnd,
            "or" if self.or => Kind::LogicalOr,
            _ => Kind::Ident,
        }
    }

    /// Makes a word a keyword; `every` needs `in`.
    pub fn add(&mut self, word: &str) {
        match word {
            "in" => self.member = true,
            "every" => (self.every, self.member) = (true, true),
            "contains" => self.contains = true,
            "if" => self.condition = true,
            "and" => self.and = true,
            "or" => self.or = true,
            _ => {}
        }
    }
}

/// Words that no rule and no import of v1 may be named by.
pub fn is_reserved(word: &str, v1: bool) -> bool {
    Keywords { and: false, or: false, ..if v1 { Keywords::V1 } else { Keywords::V0 } }.kind(word) != Kind::Ident
}
