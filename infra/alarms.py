"""That one fault gives one message, and that no alarm asks CloudWatch for what it cannot have: see the alarms' head in template.yaml."""

import re

from cloudformation import ROOT

ALARM, COMPOSITE = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"
SUPPRESSOR = "HeartbeatAlarm"
# Sends by itself beside the composites, and why: template.yaml's comment above the alarms.
ALONE = {SUPPRESSOR, "CoverageAlarm", "CertificateAlarm"}
# Besides Gateprobe's own metrics.
AWS_METRICS = {("AWS/Lambda", "Errors"), ("AWS/Lambda", "Duration"), ("AWS/Lambda", "Throttles"),
               ("AWS/SQS", "ApproximateNumberOfMessagesVisible")}


def own_metrics(page=None):
    """Metrics that docs/metrics.md has without dimensions: all that an alarm on all stages can use."""
    text = page if page is not None else (ROOT / "docs" / "metrics.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|.*\| *([^|]*?) *\|$", text, re.MULTILINE)
    return {name for name, for_all in rows if for_all}


def faults(stack):
    """Every fault of the alarms of one stack, in words."""
    alarms, composites = stack.of_type(ALARM), stack.of_type(COMPOSITE)
    for name, alarm in alarms.items():
        yield from _faults_of_metric(name, alarm["Properties"], stack)
    children = {}
    for name, composite in composites.items():
        properties = composite["Properties"]
        for child in re.findall(r'ALARM\("([^"]+)"\)', properties["AlarmRule"]):
            if child not in alarms:
                yield f"{name}: its rule names {child}, which this stack does not have"
            children.setdefault(child, []).append(name)
        if properties.get("ActionsSuppressor") != stack.arn(SUPPRESSOR):
            yield f"{name}: must be silent while {SUPPRESSOR} is in ALARM: what it is made of is old then"
        if not properties.get("AlarmActions"):
            yield f"{name}: sends nothing"
    for name, alarm in alarms.items():
        parents, sends = children.get(name, []), bool(alarm["Properties"].get("AlarmActions"))
        if sends != bool(alarm["Properties"].get("OKActions")):
            yield f"{name}: tells that it began or that it is over, and not both"
        if not composites:
            if not sends:
                yield f"{name}: sends nothing, and there is no composite alarm that would"
        elif name in ALONE:
            if parents or not sends:
                yield f"{name}: must send by itself, and be in no composite alarm"
        elif sends:
            yield f"{name}: sends beside {' and '.join(parents) or 'the composite alarms'}, so one fault is told twice"
        elif len(parents) != 1:
            yield f"{name}: is in {len(parents)} composite alarms; it must be in one, or nobody is told, or twice"


def _faults_of_metric(name, alarm, stack):
    if alarm.get("TreatMissingData") is None:
        yield f"{name}: does not say what missing data means"
    if not alarm.get("AlarmDescription"):
        yield f"{name}: whoever gets its message is not told what it means"
    if "Metrics" in alarm:
        yield f"{name}: is of an expression, which no emulator evaluates: nobody could see it work before it is on AWS"
        return
    namespace, metric, dimensions, period = alarm["Namespace"], alarm["MetricName"], alarm.get("Dimensions"), int(alarm["Period"])
    if namespace == stack.parameters["MetricNamespace"]:
        if metric not in own_metrics():
            yield f"{name}: {metric} is no metric that docs/metrics.md has for all stages"
        if dimensions:
            yield f"{name}: watches one stage of {metric}, and not all"
    elif (namespace, metric) not in AWS_METRICS:
        yield f"{name}: {namespace} {metric} is not known here"
    elif not dimensions:
        yield f"{name}: {metric} without dimensions is that of the whole account"
    # A whole number of milliseconds on both sides, so that nothing is rounded.
    if metric == "Duration" and int(alarm["Threshold"]) * 10 != int(stack.parameters["Timeout"]) * 8000:
        yield f"{name}: {alarm['Threshold']} ms are not 80 % of a Timeout of {stack.parameters['Timeout']} s"
    # PutMetricAlarm: a day in all, or seven where the period is an hour or more.
    longest = 604_800 if period >= 3600 else 86_400
    if period not in (10, 30) and period % 60:
        yield f"{name}: CloudWatch knows no period of {period} s"
    if period * int(alarm["EvaluationPeriods"]) > longest:
        yield f"{name}: {alarm['EvaluationPeriods']} periods of {period} s are more than the {longest} s that CloudWatch looks back"
