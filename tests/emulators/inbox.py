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

    @classmethod
    def open(cls, server: Server, name: str, filter_policy: Mapping[str, Any] | None = None, topic: str | None = None) -> Inbox:
        sns, sqs = client(server.url, "sns"), client(server.url, "sqs")
        topic = topic or sns.create_topic(Name=name)["TopicArn"]
        queue = sqs.create_queue(QueueName=name)["QueueUrl"]
        endpoint = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        attributes = {"FilterPolicy": json.dumps(filter_policy)} if filter_policy else {}
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=endpoint, Attributes=attributes)
        return cls(server, topic, queue)

    def read(self, patience: float = 5.0, wanted: int = 1) -> list[Alert]:
        """What has arrived, waiting for `wanted` messages; the queue is empty afterwards."""
        sqs = client(self.server.url, "sqs")
        found: list[Alert] = []
        deadline = time.monotonic() + patience
        while True:
            messages = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=0).get("Messages", [])
            for message in messages:
                envelope = json.loads(message["Body"])
                attributes = {name: value["Value"] for name, value in envelope.get("MessageAttributes", {}).items()}
                found.append(Alert(envelope.get("Subject", ""), envelope["Message"], attributes))
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
            if not messages and (len(found) >= wanted or time.monotonic() > deadline):
                return found
            if not messages:
                time.sleep(0.05)
