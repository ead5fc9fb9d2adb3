"""A stretch of time in which a repository was watched, or was not, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Min, Q
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from tags.registry import errors

if TYPE_CHECKING:
    import datetime as dt

    from tags.models.repository import Repository

# What a registry does to all of its repositories: looks at the others wait until it is over.
OF_A_REGISTRY = tuple(
    error.reason
    for error in (
        errors.TimedOut,
        errors.Unreachable,
        errors.AddressRefused,
        errors.InsideNetwork,
        errors.ServerError,
        errors.RateLimited,
    )
)


class CoverageQuerySet(models.QuerySet["Coverage"]):
    def forgotten(self) -> CoverageQuerySet:
        """The time of each repository of which nothing is kept any longer, if there is one: its first stretch."""
        return self.filter(reason=Coverage.FORGOTTEN)

    def kept_since(self) -> dt.datetime | None:
        """From when on something of any of these is kept; None: nothing was forgotten."""
        return self.forgotten().aggregate(first=Min("until"))["first"]

    def kept(self) -> CoverageQuerySet:
        return self.exclude(reason=Coverage.FORGOTTEN)


class Coverage(models.Model):
    """One row per stretch with the same outcome; the stretches of a repository follow each other without a hole."""

    NOBODY_LOOKED = gettext_noop("no worker was polling")
    PAUSED = gettext_noop("paused")
    FORGOTTEN = gettext_noop("not kept any longer")

    repository = models.ForeignKey(
        "Repository", on_delete=models.CASCADE, related_name="coverage", verbose_name=_("repository"), db_index=False
    )
    watched = models.BooleanField(_("watched"))
    reason = models.TextField(_("reason"), blank=True, help_text=_("Why it was not watched, in words."))
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"))
    interval = models.PositiveIntegerField(_("interval"), help_text=_("Seconds in which the next look was due."))

    objects = CoverageQuerySet.as_manager()

    class Meta:
        verbose_name = _("stretch of coverage")
        verbose_name_plural = _("coverage")
        ordering = ["since", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(since__lte=F("until")), name="coverage_since_not_past_until"),
            models.CheckConstraint(
                condition=Q(watched=True, reason="") | (Q(watched=False) & ~Q(reason="")),
                name="coverage_gap_has_reason",
            ),
            # read by: CoverageQuerySet.forgotten(), for the pages that tell what is not kept
            models.UniqueConstraint(
                fields=["repository"], condition=Q(reason="not kept any longer"), name="coverage_forgotten_once"
            ),
        ]
        indexes = [
            # read by: Coverage.extend(), timelines and as-of answers of one repository
            models.Index("repository", "since", name="coverage_of_repository"),
            # read by: the gaps in the movements of everything
            models.Index("until", condition=Q(watched=False), name="coverage_gaps"),
        ]

    def __str__(self) -> str:
        return f"{self.repository}: {'watched' if self.watched else self.reason}"

    @property
    def is_forgotten(self) -> bool:
        return self.reason == self.FORGOTTEN

    def is_silent_until(self, moment: dt.datetime) -> bool:
        """Whether more than two intervals lie between the end of this stretch and `moment`."""
        return (moment - self.until).total_seconds() > 2 * self.interval

    @staticmethod
    def in_words(reason: str) -> str:
        """A reason in the reader's language."""
        return gettext(reason)

    @classmethod
    def extend(cls, repository: Repository, reason: str, start: dt.datetime, end: dt.datetime) -> None:
        """Say that a look from `start` to `end` saw everything (no `reason`), or why it did not.

        Writes one row when it went as the last time. What was so before a look ended is not known from it: watching
        begins at its end, and a look that failed leaves the time since the last good one uncovered. So does a silence
        of more than two intervals. The caller holds the repository's lock.
        """
        last = Coverage.objects.filter(repository=repository).order_by("since", "pk").last()
        if last is not None and last.watched and not reason and last.is_silent_until(start):
            last = cls.objects.create(
                repository=repository,
                watched=False,
                reason=cls._reason_of_silence(repository, last.until, start),
                since=last.until,
                until=end,
                interval=last.interval,
            )
        if last is None or last.reason != reason:
            cls._follow(last, repository, reason, start if reason else end, end)
        else:
            last.until = max(last.until, end)
            last.interval = repository.every
            last.save(update_fields=["until", "interval"])

    @classmethod
    def _reason_of_silence(cls, repository: Repository, after: dt.datetime, before: dt.datetime) -> str:
        """Why nobody looked: where others say that the registry failed then, looks at this one waited for it."""
        of_others = cls.objects.filter(repository__registry=repository.registry, reason__in=OF_A_REGISTRY)
        told = of_others.filter(watched=False, since__lt=before, until__gt=after).order_by("-until")
        return told.values_list("reason", flat=True).first() or cls.NOBODY_LOOKED

    @classmethod
    def _follow(
        cls, last: Self | None, repository: Repository, reason: str, begun: dt.datetime, end: dt.datetime
    ) -> None:
        """Add a stretch, which begins where the last one ended, or when it goes over into this one."""
        since = begun
        if last is not None and last.watched:
            since = last.until
        elif last is not None:
            since = max(last.until, begun)
            cls.objects.filter(pk=last.pk).update(until=since)
        cls.objects.create(
            repository=repository,
            watched=not reason,
            reason=reason,
            since=since,
            until=max(since, end),
            interval=repository.every,
        )

    @classmethod
    def forget(cls, repository: Repository, until: dt.datetime, most: int) -> dt.datetime | None:
        """Keep of the time up to `until` that it was, and nothing else; returns when what is kept begins, None: always.

        Of a watched stretch the rest is kept, a gap as a whole: when it began is told together with its reason. Deletes
        at most so many stretches, the oldest first. The caller holds the repository's lock.
        """
        of_it = cls.objects.filter(repository=repository)
        forgotten = of_it.forgotten().first()
        oldest = list(of_it.kept().filter(since__lte=until).order_by("since", "pk")[: most + 1])
        kept_since = forgotten.until if forgotten else None
        if not oldest:
            return kept_since
        first_kept = oldest.pop()
        begins = min(first_kept.until, until) if first_kept.watched else first_kept.since
        since = forgotten.since if forgotten else (oldest or [first_kept])[0].since
        if begins <= (kept_since or since):
            return kept_since
        of_it.filter(pk__in=[stretch.pk for stretch in oldest]).delete()
        of_it.filter(pk=first_kept.pk).update(since=max(begins, first_kept.since))
        facts = {"watched": False, "since": since, "until": begins, "interval": first_kept.interval}
        cls.objects.update_or_create(repository=repository, reason=cls.FORGOTTEN, defaults=facts)
        return begins
