"""A verdict as JUnit XML: a test suite per trace, a test case per rule."""

from __future__ import annotations

from xml.etree import ElementTree

from mockserver import contract
from mockserver.contract.report import table, xml_text

from .verdict import Judged, Verdict

CLASS = "signalwire.contract"


def render(verdict: Verdict) -> str:
    """The document's text."""
    suites = [_suite(each) for each in verdict.traces]
    if verdict.problems:
        suites.append(_problems(verdict))
    root = ElementTree.Element("testsuites", {"name": "signalwire contract", **_sums(suites)})
    root.extend(suites)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'


def _sums(suites: list[ElementTree.Element]) -> dict[str, str]:
    return {
        name: str(sum(int(each.attrib[name]) for each in suites)) for name in ("tests", "failures")
    } | {"errors": "0"}


def _suite(judged: Judged) -> ElementTree.Element:
    cases = [_case(rule, judged) for rule in contract.RULES]
    suite = _with_cases(judged.source, cases)
    if judged.warnings:
        ElementTree.SubElement(suite, "system-err").text = xml_text("\n".join(judged.warnings))
    return suite


def _with_cases(name: str, cases: list[ElementTree.Element]) -> ElementTree.Element:
    failures = sum(each.find("failure") is not None for each in cases)
    suite = ElementTree.Element(
        "testsuite",
        name=xml_text(name),
        tests=str(len(cases)),
        failures=str(failures),
        errors="0",
        skipped="0",
    )
    suite.extend(cases)
    return suite


def _case(rule: contract.Rule, judged: Judged) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=CLASS, name=rule.name)
    if broken := judged.broken(rule.name):
        lines = [f"by the {rule.party}: {rule.sentence}"]
        for violation in broken:
            lines += ["", str(violation), *table(violation.proof)]
        _fail(case, broken[0].message, "\n".join(lines))
    return case


def _problems(verdict: Verdict) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=CLASS, name="the-run-itself")
    _fail(case, verdict.problems[0], "\n".join(verdict.problems))
    return _with_cases("run", [case])


def _fail(case: ElementTree.Element, message: str, text: str) -> None:
    failure = ElementTree.SubElement(case, "failure", message=xml_text(message), type="violation")
    failure.text = xml_text(text)
