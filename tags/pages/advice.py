"""What somebody can do about a look that failed, who may never have seen a registry."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tags.models.verdict import Verdict
from tags.registry import errors

PASSWORD = _("Ask whoever runs RegistryViewer to look at the user name and password for this registry.")
SETTINGS = _("Ask whoever runs RegistryViewer to look at how this registry is set up.")
APPROVAL = _("Ask whoever runs RegistryViewer to look at the address in the admin and to approve it.")
PATIENCE = _("If that goes on, ask whoever runs the registry.")

# By kind of error, as `Repository.reason` keeps it; of the others there is nothing to do but to wait.
ADVICE = {
    errors.CredentialsRefused.reason: PASSWORD,
    errors.CredentialsMissing.reason: PASSWORD,
    errors.Misconfigured.reason: SETTINGS,
    errors.AddressRefused.reason: SETTINGS,
    errors.InsideNetwork.reason: APPROVAL,
    errors.NeedsApproval.reason: APPROVAL,
    errors.RepositoryMissing.reason: _(
        "If this image was deleted or renamed, ask whoever runs RegistryViewer to stop watching it."
    ),
    errors.Unreachable.reason: PATIENCE,
    errors.TimedOut.reason: PATIENCE,
    errors.ServerError.reason: PATIENCE,
    errors.BadAnswer.reason: PATIENCE,
    errors.TooLarge.reason: PATIENCE,
    errors.ServersDisagree.reason: _("Ask whoever runs the registry: its copies are out of step."),
    Verdict.IN_DOUBT: _("Too many tags were missing from it at once: nothing is changed until another look agrees."),
}


def advice(reason: str) -> str:
    """A sentence, or nothing."""
    return str(ADVICE.get(reason, ""))
