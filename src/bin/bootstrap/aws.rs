//! What the AWS SDK needs, from the environment that Lambda gives.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::identity::IdentityCache;
use aws_config::meta::region::ProvideRegion as _;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use gateprobe::store::{CONFIG, ConfigItems as _, Table};
use tokio::sync::OnceCell;

use super::variable;

/// The SDK's own default for a connection to be made.
const CONNECT: Duration = Duration::from_millis(3100);

/// How long the start goes before the first connection. Both at once, on Lambda's one or two processors, made it half again
/// as long (benches/startup), and the connection needs the network's time more than ours.
const HEAD_START: Duration = Duration::from_millis(1);

/// Region and credentials as Lambda sets them for the life of a process
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>), and the SDK's variables for other endpoints.
///
/// The SDK's own loader would also look for profiles, containers and instances: three milliseconds of every start and a
/// twentieth of the archive, for what no function has.
pub async fn config() -> SdkConfig {
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()))
        .region(EnvironmentVariableRegionProvider::new().region().await)
        .identity_cache(IdentityCache::lazy().build())
        .retry_config(RetryConfig::standard())
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).build())
        .sleep_impl(TokioSleep::new())
        .time_source(SystemTimeSource::new());
    config.set_endpoint_url(variable("AWS_ENDPOINT_URL"));
    config.set_use_fips(flag("AWS_USE_FIPS_ENDPOINT"));
    config.set_use_dual_stack(flag("AWS_USE_DUALSTACK_ENDPOINT"));
    config.build()
}

/// A switch as the SDK reads it; anything but the two words counts as unset.
fn flag(name: &str) -> Option<bool> {
    env::var(name).ok()?.trim().to_ascii_lowercase().parse().ok()
}

/// The stack's table. Its client is made by whoever asks first, for that reads the platform's certificates.
pub struct StackTable {
    aws: SdkConfig,
    made: OnceCell<Option<Table>>,
}

impl StackTable {
    /// Makes the first call of the process, which pays for certificates and a TLS handshake, while the first event is waited
    /// for. What it is answered the first run asks again.
    pub fn warmed(aws: SdkConfig) -> Arc<Self> {
        let table = Arc::new(Self { aws, made: OnceCell::new() });
        let warm = Arc::clone(&table);
        tokio::spawn(async move {
            tokio::time::sleep(HEAD_START).await;
            if let Some(table) = warm.get().await {
                let _ = table.get(CONFIG).await;
            }
        });
        table
    }

    /// `None` where the stack has none.
    pub async fn get(&self) -> Option<&Table> {
        let make = || async {
            let (aws, name) = (self.aws.clone(), Self::name()?);
            // On a thread of its own: the certificates are hundreds of files, and the start is not to wait for them.
            tokio::task::spawn_blocking(move || Table::new(&aws, &name)).await.ok()
        };
        self.made.get_or_init(make).await.as_ref()
    }

    /// As the template gives it.
    pub fn name() -> Option<String> {
        variable("GATEPROBE_TABLE")
    }
}
