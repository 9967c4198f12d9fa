//! The dashboard's custom widget: reads the table, and answers with HTML whatever happens.

use std::time::Duration;

use aws_config::SdkConfig;
use gateprobe::event::{Ask, Draw};
use gateprobe::report::widget::{self, About};
use gateprobe::store::read_ledger;
use lambda_runtime::Context;
use serde_json::{Value, json};

use super::aws::StackTable;
use super::{now, time_left, variable};

/// What is kept of the invocation's time for the answer.
const SPARE: Duration = Duration::from_secs(2);

/// Nobody waits longer for a dashboard.
const PATIENCE: Duration = Duration::from_secs(10);

/// CloudWatch takes a JSON string as HTML, and `{"markdown": …}` as Markdown. It would show an error as it is, so that here
/// is none: a person gets a sentence, and the log has the rest.
pub async fn answer(aws: &SdkConfig, table: &StackTable, ask: &Ask, context: &Context) -> Value {
    let draw = match ask {
        Ask::Describe => return json!({"markdown": widget::describe()}),
        Ask::Draw(draw) => draw,
    };
    match ledger_page(aws, table, draw, context).await {
        Ok(html) => Value::String(html),
        Err(reason) => {
            tracing::error!(%reason, "the widget could not be drawn");
            Value::String(widget::sorry(&format!("The incidents cannot be shown: {reason}"), draw.theme))
        }
    }
}

async fn ledger_page(aws: &SdkConfig, table: &StackTable, draw: &Draw, context: &Context) -> Result<String, String> {
    let Some((store, name)) = table.get().await.zip(StackTable::name()) else {
        return Err("GATEPROBE_TABLE names no table, and the incidents are kept there".to_owned());
    };
    let patience = time_left(context).saturating_sub(SPARE).min(PATIENCE);
    let (ledger, _) = tokio::time::timeout(patience, read_ledger(store))
        .await
        .map_err(|_| format!("the table {name} did not answer within {} seconds", patience.as_secs()))?
        .map_err(|error| error.to_string())?;
    let about = About {
        now: now(),
        region: aws.region().map(ToString::to_string).unwrap_or_default(),
        console: variable("AWS_ENDPOINT_URL").is_none(),
        function: Some(context.invoked_function_arn.clone()),
        table: Some(name),
    };
    Ok(widget::draw(&ledger, draw, &about))
}
