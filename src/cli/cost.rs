//! stub
use super::args::{Common, CostArgs};
use super::{Ended, Failure};
pub async fn cost(_: &Common, _: &CostArgs) -> Result<Ended, Failure> {
    Ok(Ended::Well)
}
