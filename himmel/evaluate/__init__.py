"""The examination: probes that read facts off frames, checked on true clips before a model is asked."""

from himmel.evaluate.cases import Case, Length, draw_cases
from himmel.evaluate.examiner import Examiner, ExaminerConfig, load_examiner
from himmel.evaluate.exhibit import Exhibit
from himmel.evaluate.interval import Estimate, median_estimate, share_estimate
from himmel.evaluate.learn import LearnConfig, learn_examiner
from himmel.evaluate.probes import PROBES, Probe
from himmel.evaluate.report import Report, RowResult, table_of
from himmel.evaluate.rows import ROWS, Row
from himmel.evaluate.runner import check_probes, evaluate
from himmel.evaluate.sheet import SampleSheet
from himmel.evaluate.suites import QUICK, SUITES, THOROUGH, Group, Suite, suite_named

__all__ = [
    "PROBES",
    "QUICK",
    "ROWS",
    "SUITES",
    "THOROUGH",
    "Case",
    "Estimate",
    "Examiner",
    "ExaminerConfig",
    "Exhibit",
    "Group",
    "LearnConfig",
    "Length",
    "Probe",
    "Report",
    "Row",
    "RowResult",
    "SampleSheet",
    "Suite",
    "check_probes",
    "draw_cases",
    "evaluate",
    "learn_examiner",
    "load_examiner",
    "median_estimate",
    "share_estimate",
    "suite_named",
    "table_of",
]
