use geo::geometry::Geometry as Shape;

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    /// All of them.
    And(Vec<Expression>),
    /// Any of them.
    Or(Vec<Expression>),
    /// The opposite.
    Not(Box<Expression>),
    /// `TRUE` or `FALSE`.
    Constant(bool),
    /// Two values compared.
    Compare(Operand, Comparison, Operand),
    /// A text against a pattern with `%` and `_`.
    Like(Operand, String),
    /// Between two values, both of them included.
    Between(Operand, Operand, Operand),
    /// One of several values.
    In(Operand, Vec<Operand>),
    /// No value.
    IsNull(String),
    /// Shares a point with a shape, whose ordinates are in the order in which they were written.
    Intersects(String, Shape<f64>),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    /// The value of a property.
    Property(String),
    /// A value that is written out.
    Literal(Literal),
    /// A text without its case.
    CaseFolded(Box<Operand>),
}

/// A value that is written out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Text(String),
    Number(f64),
    Bool(bool),
    /// `DATE('2026-05-19')`.
    Date(String),
    /// `TIMESTAMP('2026-05-19T08:00:00Z')`.
    Timestamp(String),
}
