//! What the endpoint really answers, asked fact by fact: `gateprobe prove`.
//!
//! Gateprobe was written without an AWS account. What it believes of API Gateway and nobody has documented stands in a table of [`Fact`]s:
//! the question, the requests that decide it, what each answer would mean, and which answers the code is right under. The requests go to a
//! [`Ground`], the throw-away APIs of `infra/proving-ground.yaml`, and to nothing else: an API that has not both the name and the marker
//! method is refused, and so is each request that leads elsewhere, or that has an unsafe verb and might reach more than a mock.
//!
//! [`prove`] sends, [`Proof`] is what came of it, [`markdown`] is the table to paste into docs/verified.md.

mod ask;
mod fact;
mod facts;
mod ground;
mod judge;
mod table;

pub use ask::{Asking, prove};
pub use fact::{Ask, Credentials, Fact, Like, Means, Question, Reading, When};
pub use facts::facts;
pub use ground::{Ground, GroundError, MARKER, Refused, Role};
pub use judge::{Agreement, Answered, Diagnosed, Proof, Row, Seen};
pub use table::markdown;
