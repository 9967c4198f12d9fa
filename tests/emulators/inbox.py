"""An SNS topic, and an SQS queue subscribed to it: where an alert ends up."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aws import client
from server import Server


@dataclass(frozen=True)
class Alert:
    subject: str
    message: str
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Inbox:
    server: Server
    topic: str
    queue: str
    raw: bool = False

    @classmethod
    def open(
        cls, server: Server, name: str, filter_policy: Mapping[str, Any] | None = None, topic: str | None = None, raw: bool = False
    ) -> Inbox:
        """`raw`: the queue gets the message alone, without SNS's envelope, and the attributes as attributes of SQS's."""
        sns, sqs = client(server.url, "sns"), client(server.url, "sqs")
        topic = topic or sns.create_topic(Name=name)["TopicArn"]
        queue = sqs.create_queue(QueueName=name)["QueueUrl"]
        endpoint = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        attributes = {"FilterPolicy": json.dumps(filter_policy)} if filter_policy else {}
        attributes |= {"RawMessageDelivery": "true"} if raw else {}
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint, Attributes=attributes)
        return cls(server, topic, queue, raw)

    def read(self, patience: float = 5.0, wanted: int = 1) -> list[Alert]:
        """What has arrived, waiting for `wanted` messages; the queue is empty afterwards."""
        sqs = client(self.server.url, "sqs")
        found: list[Alert] = []
        deadline = time.monotonic() + patience
        while True:
            answer = sqs.receive_message(
                QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=0, MessageAttributeNames=["All"]
            )
            messages = answer.get("Messages", [])
            for message in messages:
                found.append(self._taken(message))
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
            if not messages and (len(found) >= wanted or time.monotonic() > deadline):
                return found
            if not messages:
                time.sleep(0.05)

    def close(self) -> None:
        """The queue goes; the subscription goes with its topic."""
        client(self.server.url, "sqs").delete_queue(QueueUrl=self.queue)

    def _taken(self, message: Mapping[str, Any]) -> Alert:
        if self.raw:
            attributes = {name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()}
            return Alert("", message["Body"], attributes)
        envelope = json.loads(message["Body"])
        attributes = {name: value["Value"] for name, value in envelope.get("MessageAttributes", {}).items()}
        return Alert(envelope.get("Subject", ""), envelope["Message"], attributes)
