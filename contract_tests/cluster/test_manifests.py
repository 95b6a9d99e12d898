"""The unit and the manifests are what systemd and Kubernetes take."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from contract_tests.shared.patience import PATIENCE_S

CLUSTER = Path(__file__).parents[2] / "examples" / "cluster"
MANIFESTS: list[dict[str, Any]] = list(
    yaml.safe_load_all((CLUSTER / "kubernetes.yaml").read_text())
)
RELEASE = "1.31"
"""The release of Kubernetes whose schemas are asked; the kinds used here are older by far."""


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda each: each["kind"])
def test_kubernetes_takes_the_manifest(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, RELEASE, strict=True)


def test_a_mistake_would_be_found() -> None:
    faulty = {**MANIFESTS[0], "spec": {**MANIFESTS[0]["spec"], "replica": 1}}
    with pytest.raises(kubernetes_validate.ValidationError, match="replica"):
        kubernetes_validate.validate(faulty, RELEASE, strict=True)


def test_the_service_finds_the_pods_and_the_probes_the_server() -> None:
    deployment, service = MANIFESTS
    pod = deployment["spec"]["template"]
    assert service["spec"]["selector"] == pod["metadata"]["labels"]
    [container] = pod["spec"]["containers"]
    [port] = container["ports"]
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]
    image = (CLUSTER.parents[1] / "Containerfile").read_text()
    assert f"EXPOSE {port['containerPort']}" in image
    assert f"USER {container['securityContext']['runAsUser']}" in image
    [token] = [each["value"] for each in container["env"] if each["name"].endswith("_TOKEN")]
    for probe in ("readinessProbe", "livenessProbe"):
        asked = container[probe]["httpGet"]
        assert (asked["path"], asked["port"]) == ("/__mock__/health", port["name"])
        assert asked["httpHeaders"] == [{"name": "Authorization", "value": f"Bearer {token}"}]


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None and os.environ.get("CI") != "true",
    reason="systemd-analyze is not installed (apt-get install systemd)",
)
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "signalwire-mock@8701.service"
    text = (CLUSTER / "signalwire-mock@.service").read_text()

    def verify() -> str:
        words = ["systemd-analyze", "verify", "--man=no", str(unit)]
        ended = subprocess.run(
            words, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        assert ended.returncode == 0, ended
        # Of a unit elsewhere that is faulty, which is none of ours, it would speak, too.
        return "\n".join(line for line in ended.stderr.splitlines() if unit.name in line)

    unit.write_text(text)
    assert verify() == ""
    unit.write_text(text.replace("RestartPreventExitStatus", "RestartPreventExitState"))
    assert "RestartPreventExitState" in verify()
