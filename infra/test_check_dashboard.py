"""check-dashboard refuses what it says it refuses: each test breaks the real dashboard in one place."""

import copy
import json
import unittest

import yaml

from cloudformation import ROOT, TEMPLATE as PATH, Stack, Unreadable, parse, translate
from scripts import load

check = load("check-dashboard")
STACK = Stack(translate(PATH))
SOURCE = yaml.safe_load(check.SOURCE.read_text())
BODY = json.loads(STACK.resources["Dashboard"]["Properties"]["DashboardBody"])


class Limits(unittest.TestCase):
    def setUp(self):
        self.body = copy.deepcopy(BODY)

    def widget(self, title):
        return next(one for one in self.body["widgets"] if one["properties"].get("title") == title)

    def properties(self, title):
        return self.widget(title)["properties"]

    def refused(self, because, body=None):
        found = list(check.faults(json.dumps(self.body) if body is None else body, STACK))
        self.assertTrue(any(because in fault for fault in found), f"not refused for {because!r}: {found}")

    def test_the_dashboard_as_it_is_passes(self):
        self.assertEqual(list(check.faults(json.dumps(self.body), STACK)), [])
        self.assertEqual(list(check.faults_of_template(STACK.template, check.WORLDS)), [])

    def test_no_json(self):
        self.refused("is no JSON", json.dumps(self.body)[:-1])

    def test_a_reference_that_was_left(self):
        self.properties("Problems in the log")["title"] = "${LogGroup}"
        self.refused("${LogGroup} was not put in")

    def test_an_unknown_property(self):
        self.body["widget"] = []
        self.refused("widget is no property of a dashboard")
        self.setUp()
        self.properties("The last run")["sparklines"] = True
        self.refused("a metric widget has no sparklines")
        self.setUp()
        self.properties("What is not, and why")["markdown"] = "x"
        self.refused("a custom widget has no markdown")

    def test_a_property_that_must_be_there(self):
        del self.properties("Problems in the log")["region"]
        self.refused("a log widget must have region")

    def test_an_unknown_type(self):
        self.widget("The last run")["type"] = "metrics"
        self.refused("metrics is no type of widget")

    def test_over_the_edge(self):
        self.widget("The last run")["x"] = 11
        self.refused("14 x 4 at 11,0 is not on the grid of 24 columns")

    def test_one_over_the_other(self):
        self.widget("The last run")["y"] = 1
        self.refused("lies over")

    def test_without_a_place(self):
        del self.widget("The last run")["height"]
        self.refused("has no place on the grid")

    def test_too_many_widgets(self):
        text = {"type": "text", "x": 0, "width": 1, "height": 1, "properties": {"markdown": "x"}}
        self.body["widgets"] += [{**text, "y": 1000 + y} for y in range(500)]
        self.refused("526 widgets are more than 500")

    def test_too_large(self):
        self.body["widgets"][0]["properties"]["title"] = "x" * 600_000
        self.refused("bytes, more than 500000")
        self.refused("has more than 70 characters")

    def test_an_alarm_that_is_not_there(self):
        self.properties("Is everything reachable?")["alarms"].append("arn:aws:cloudwatch:us-east-1:123456789012:alarm:OldAlarm")
        self.refused("OldAlarm is no alarm of this stack")
        self.setUp()
        self.properties("Failures in all")["annotations"] = {"alarms": ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:OldAlarm"]}
        self.refused("Failures in all, annotation: arn:aws:cloudwatch:us-east-1:123456789012:alarm:OldAlarm is no alarm")

    def test_too_many_alarms(self):
        self.properties("The monitor itself")["alarms"] *= 11
        self.refused("110 alarms; a widget takes 1 to 100")

    def test_a_line_for_nothing(self):
        self.properties("How much is probed")["annotations"]["horizontal"][0]["label"] = "OldAlarm"
        self.refused("the line OldAlarm is for no alarm and no parameter")

    def test_another_region(self):
        self.properties("The last run")["region"] = "eu-west-1"
        self.refused("looks at another Region")

    def test_another_function(self):
        self.properties("What is not, and why")["endpoint"] = "arn:aws:lambda:us-east-1:123456789012:function:Old"
        self.refused("its endpoint is no function of this stack")

    def test_a_metric_that_nobody_publishes(self):
        self.properties("The last run")["metrics"][0][1] = "RouteFailures"
        self.refused("RouteFailures is no metric")
        self.setUp()
        self.properties("Runs")["metrics"][1][3] = "Old"
        self.refused("Old is not in this stack")
        self.setUp()
        self.properties("Runs")["metrics"][1][1] = "Invoked"
        self.refused("AWS/Lambda Invoked by")

    def test_a_stage_that_is_written_down(self):
        self.properties("The last run")["metrics"][0][2:2] = ["ApiName", "shop", "ApiId", "a1", "Stage", "prod"]
        self.refused("a new one would not appear")

    def test_a_statistic_a_period_an_option(self):
        self.properties("The last run")["stat"] = "p100"
        self.refused("there is no statistic p100")
        self.properties("The last run")["period"] = 90
        self.refused("no period of 90 s")
        self.properties("The last run")["metrics"][0][-1]["colour"] = "#fff"
        self.refused("a metric has no option colour")

    def test_an_expression_of_nothing(self):
        self.properties("Longest run, in percent of the timeout")["metrics"][1][-1]["id"] = "shortest"
        self.refused("uses longest, which nothing is named")

    def test_ids(self):
        metrics = self.properties("Longest run, in percent of the timeout")["metrics"]
        metrics[0][0]["id"] = "Share"
        self.refused("must begin with a small letter")
        metrics[0][0]["id"] = "longest"
        self.refused("has an id twice")

    def test_a_search_for_all_stages_of_the_largest_account(self):
        metric = self.properties("Unhealthy by stage")["metrics"][0][0]
        metric["expression"] = metric["expression"].replace(' ApiName="api-of-choice"', "")
        self.refused("the largest account has 7200 of these metrics, and a SEARCH finds 500")
        self.refused("holds 7200 metrics in the largest account; a widget takes 1 to 500")
        self.refused("more than 2500")

    def test_a_search_for_one_api_that_is_written_down(self):
        metric = self.properties("Unhealthy by stage")["metrics"][0][0]
        metric["expression"] = metric["expression"].replace("api-of-choice", "shop")
        self.refused("is no variable of this dashboard")

    def test_a_search_by_dimensions_that_nothing_has(self):
        metric = self.properties("Unhealthy by stage")["metrics"][0][0]
        metric["expression"] = metric["expression"].replace("ApiId,", "")
        self.refused("docs/metrics.md has no Unhealthy by ApiName, Stage")

    def test_a_query_by_dimensions_that_nothing_has(self):
        metric = self.properties("The ten stages with most failures")["metrics"][0][0]
        metric["expression"] = metric["expression"].replace("MAX(Unhealthy)", "MAX(Gaps)")
        self.refused("docs/metrics.md has no Gaps by")

    def test_a_query_of_more_lines_than_anybody_reads(self):
        metric = self.properties("The ten stages with most failures")["metrics"][0][0]
        metric["expression"] = metric["expression"].replace("LIMIT 10", "LIMIT 100")
        self.refused("nobody can read 100 lines")

    def test_two_queries_in_one_widget(self):
        metrics = self.properties("The ten stages with most failures")["metrics"]
        metrics.append([{**metrics[0][0], "id": "again"}])
        self.refused("2 Metrics Insights queries; a widget takes one")

    def test_a_query_that_is_written_otherwise(self):
        metric = self.properties("The ten stages with most failures")["metrics"][0][0]
        metric["expression"] = "SELECT P99(Latency) FROM x"
        self.refused("is no Metrics Insights query as the others are")

    def test_a_larger_account_than_a_query_looks_at(self):
        old, check.MOST_APIS = check.MOST_APIS, 1001
        try:
            self.refused("the largest account has 10010 of these metrics, and a query looks at 10000")
        finally:
            check.MOST_APIS = old

    def test_a_log_group_that_is_not_there(self):
        query = self.properties("Problems in the log")
        query["query"] = query["query"].replace("/aws/lambda/gateprobe", "/aws/lambda/other")
        self.refused("its query reads ['/aws/lambda/other']")

    def test_a_query_of_the_log_without_end(self):
        query = self.properties("Problems in the log")
        query["query"] = query["query"].replace(" | limit 100", "")
        self.refused("would show 10,000 lines")
        query["query"] += " | where x"
        self.refused("where is no command of Logs Insights")

    def test_small_things_one_by_one(self):
        failures, stages = "Failures in all", "The ten stages with most failures"
        breaks = {
            "has an alarm twice": lambda: self.properties("Is everything reachable?")["alarms"].append(
                self.properties("Is everything reachable?")["alarms"][0]),
            "its query has more than 10000 characters": lambda: self.properties("Problems in the log").update(
                query=self.properties("Problems in the log")["query"].replace(" | limit", " " * 10_000 + " | limit")),
            "a log widget has no view gauge": lambda: self.properties("Problems in the log").update(view="gauge"),
            "there is no view line": lambda: self.properties(failures).update(view="line"),
            "there is no statistic Median": lambda: self.properties(failures)["metrics"][0][-1].update(stat="Median"),
            "has a metric and an expression in one": lambda: self.properties(stages)["metrics"][0].insert(0, "Gateprobe"),
            "its query has no period": lambda: self.properties(stages).pop("period"),
            "diagonal is no kind of annotation": lambda: self.properties("How much is probed")["annotations"].update(diagonal=[]),
            "the line MinimumCoverage has no value":
                lambda: self.properties("How much is probed")["annotations"]["horizontal"][0].pop("value"),
            "is no namespace, metric and pairs of dimensions": lambda: self.properties(failures)["metrics"][0].insert(2, "Stage"),
            "Other is not the namespace of this stack": lambda: self.properties(stages)["metrics"][0][0].update(
                expression=self.properties(stages)["metrics"][0][0]["expression"].replace('"Gateprobe"', '"Other"')),
            "groups by what is no dimension": lambda: self.properties(stages)["metrics"][0][0].update(
                expression=self.properties(stages)["metrics"][0][0]["expression"].replace("GROUP BY ApiName", "GROUP BY Host")),
            "is no SEARCH as the others are": lambda: self.properties("Unhealthy by stage")["metrics"][0][0].update(
                expression="SEARCH('Unhealthy', 'Maximum')"),
            "SEARCH has more than 1024 characters": lambda: self.properties("Unhealthy by stage")["metrics"][0][0].update(
                expression=self.properties("Unhealthy by stage")["metrics"][0][0]["expression"].replace(
                    'ApiName="', 'ApiName="' + "x" * 1024)),
            "Other2 is not the namespace of this stack": lambda: self.properties("Unhealthy by stage")["metrics"][0][0].update(
                expression=self.properties("Unhealthy by stage")["metrics"][0][0]["expression"].replace('"Gateprobe"', '"Other2"')),
            "there is no statistic p100": lambda: self.properties("Latency p99 by stage")["metrics"][0][0].update(
                expression=self.properties("Latency p99 by stage")["metrics"][0][0]["expression"].replace("'p99'", "'p100'")),
            "variable api: Other3 is not the namespace": lambda: self.body["variables"][0].update(
                search=self.body["variables"][0]["search"].replace("Gateprobe", "Other3")),
            "docs/metrics.md has no Gaps by ApiId, ApiName, Stage": lambda: self.body["variables"][0].update(
                search=self.body["variables"][0]["search"].replace("Probed", "Gaps")),
        }
        for because, change in breaks.items():
            with self.subTest(because):
                self.setUp()
                change()
                self.refused(because)

    def test_the_template_has_one_dashboard_with_a_name_for_its_region(self):
        def found(change):
            template = copy.deepcopy(STACK.template)
            change(template["Resources"])
            return list(check.faults_of_template(template, {"with the defaults": {}}))

        self.assertIn("0 dashboards, and not one [with the defaults]", found(lambda resources: resources.pop("Dashboard")))
        renamed = found(lambda resources: resources["Dashboard"]["Properties"].update(DashboardName="gateprobe"))
        self.assertTrue(renamed and "one for all Regions" in renamed[0], renamed)
        broken = found(lambda resources: resources["Dashboard"]["Properties"].update(DashboardBody="{"))
        self.assertTrue(broken and "is no JSON" in broken[0], broken)

    def test_a_variable(self):
        for key, value, because in [
            ("inputType", "list", "no inputType list"), ("default", "x", "has no property default"),
            ("populateFrom", "Api", "which is no dimension"), ("search", "x", "is no metric schema"),
            ("type", "text", "must be a pattern or a property"),
        ]:
            with self.subTest(key):
                self.setUp()
                self.body["variables"][0][key] = value
                self.refused(because)


class OneTruth(unittest.TestCase):
    """template.yaml holds what dashboard.yaml says, whatever changes in it."""

    def written(self, source):
        return check.written(source, parse(check.put_in(PATH.read_text(), "")))

    def test_the_template_holds_it(self):
        self.assertEqual(check.put_in(PATH.read_text(), self.written(SOURCE)), PATH.read_text())

    def test_a_change_of_the_source_is_seen(self):
        source = copy.deepcopy(SOURCE)
        source["rows"][0]["widgets"][0]["properties"]["title"] = "Another"
        self.assertNotEqual(check.put_in(PATH.read_text(), self.written(source)), PATH.read_text())

    def test_an_alarm_that_the_template_has_not(self):
        source = copy.deepcopy(SOURCE)
        source["rows"][0]["widgets"][0]["properties"]["alarms"].append("OldAlarm")
        with self.assertRaisesRegex(Unreadable, "no alarm OldAlarm"):
            self.written(source)

    def test_a_list_that_could_be_empty(self):
        source = copy.deepcopy(SOURCE)
        source["rows"][0]["widgets"][0]["properties"]["alarms"] = ["CoverageAlarm", "PagingAlarm"]
        with self.assertRaisesRegex(Unreadable, "no alarm in it is always there"):
            self.written(source)

    def test_conditional_alarms_come_and_go(self):
        def tiles(parameters):
            body = json.loads(Stack(STACK.template, parameters).resources["Dashboard"]["Properties"]["DashboardBody"])
            return {arn.rsplit(":")[-1] for one in body["widgets"] for arn in one["properties"].get("alarms", [])}

        self.assertEqual(tiles({"MinimumCoverage": 90}) - tiles({}), {"CoverageAlarm"})
        self.assertEqual(tiles({}) - tiles({"CompositeAlarm": "no"}), {"PagingAlarm", "UpkeepAlarm"})

    def test_every_alarm_of_the_stack_is_shown(self):
        stack = Stack(STACK.template, {"MinimumCoverage": 90})
        body = json.loads(stack.resources["Dashboard"]["Properties"]["DashboardBody"])
        shown = {arn for one in body["widgets"] for arn in one["properties"].get("alarms", [])}
        kinds = (check.alarms.ALARM, check.alarms.COMPOSITE)
        self.assertEqual(shown, {stack.arn(name) for kind in kinds for name in stack.of_type(kind)})

    def test_the_logs_fields_are_those_that_the_function_writes(self):
        """Queries find nothing, and say nothing, where a message or a field has another name in the code."""
        code = "".join(path.read_text() for path in sorted((ROOT / "src" / "bin").rglob("*.rs")))
        for title, words in {
            "Problems in the log": ["problem", "verdict", "cause", "evidence", "remedy", "method", "url"],
            "Gaps - what could not be read or reached, and so is not watched": ["gap", "reason", "place"],
            "Changes and notes": ["note", "another config counts from now on", "the config is not the one that was pushed", "certificate",
                                  "warning"],
            "What went wrong in the monitor": ["fault", "problem", "reason"],
        }.items():
            query = next(one for one in BODY["widgets"] if one["properties"].get("title") == title)["properties"]["query"]
            for word in words:
                self.assertIn(word, query)
                self.assertRegex(code, rf'"{word}"|[%(\s]{word} =|%{word}\b|[( ]{word}[,)]', word)

    def test_the_name_is_the_one_that_the_function_links_to(self):
        variables = STACK.resources["Function"]["Properties"]["Environment"]["Variables"]
        name = STACK.resources["Dashboard"]["Properties"]["DashboardName"]
        self.assertTrue(variables["GATEPROBE_DASHBOARD_URL"].endswith(f"#dashboards/dashboard/{name}"))


if __name__ == "__main__":
    unittest.main()
