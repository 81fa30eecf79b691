"""The store's tables (SQLAlchemy). Times are UTC, ISO 8601; nothing here is a row, a weight or a prediction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012 - SQLAlchemy reads it from the class


class Meta(Base):
    """Single values: the current deployment, the last job id given out."""

    __tablename__ = "meta"
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class DeploymentRow(Base):
    """``state``: deploying → deployed → deleting → deleted. The rows of a deployment that failed are removed."""

    __tablename__ = "deployments"
    id: Mapped[str] = mapped_column(primary_key=True)
    engine: Mapped[str]
    state: Mapped[str]
    created: Mapped[str]
    ended: Mapped[str | None]
    plan: Mapped[dict[str, Any]]  # what the deployment was asked to be, beyond ids and addresses; no secrets
    parties: Mapped[list[PartyRow]] = relationship(
        order_by="PartyRow.party", cascade="all, delete-orphan", lazy="selectin"
    )


class PartyRow(Base):
    """One agent of a deployment; party 0 is the regulator's own arbiter."""

    __tablename__ = "parties"
    deployment_id: Mapped[str] = mapped_column(ForeignKey("deployments.id", ondelete="CASCADE"), primary_key=True)
    party: Mapped[int] = mapped_column(primary_key=True)
    ip: Mapped[str]
    home: Mapped[str]
    control_port: Mapped[int]
    data_port: Mapped[int]
    serving_port: Mapped[int]
    fingerprint: Mapped[str]
    details: Mapped[dict[str, Any]]  # what only its engine understands (Member.details); no secrets


class UploadRow(Base):
    """One upload of a project; ``replaced`` is when a later one of the same project took its place."""

    __tablename__ = "uploads"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    deployment_id: Mapped[str] = mapped_column(ForeignKey("deployments.id"))
    project: Mapped[str]
    created: Mapped[str]
    replaced: Mapped[str | None]
    roles: Mapped[list[UploadRoleRow]] = relationship(
        order_by="UploadRoleRow.place", cascade="all, delete-orphan", lazy="selectin"
    )


class UploadRoleRow(Base):
    """What one party registered for one role: guest first, then the hosts in numeric order."""

    __tablename__ = "upload_roles"
    upload_id: Mapped[int] = mapped_column(ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int]
    party: Mapped[int]
    dataset_id: Mapped[str]
    dataset: Mapped[dict[str, Any]]  # common.api.Dataset


class JobRow(Base):
    """``state``: submitting → active → success | failed; failed → resuming → active. ``complete``: every role's final
    record is here."""

    __tablename__ = "jobs"
    id: Mapped[str] = mapped_column(primary_key=True)
    deployment_id: Mapped[str] = mapped_column(ForeignKey("deployments.id"))
    upload_id: Mapped[int | None] = mapped_column(ForeignKey("uploads.id"))
    project: Mapped[str]
    algorithm: Mapped[str]
    mode: Mapped[int]
    model_id: Mapped[str]
    privacy: Mapped[str]
    options: Mapped[dict[str, Any]]
    spec: Mapped[dict[str, Any]]  # common.api.JobSpec
    created: Mapped[str]
    ended: Mapped[str | None]
    state: Mapped[str]
    complete: Mapped[bool]
    cause: Mapped[dict[str, Any] | None]
    details: Mapped[dict[str, Any]]  # failed attempts; what only its engine understands, such as the id over there
    roles: Mapped[list[JobRoleRow]] = relationship(
        order_by="JobRoleRow.place", cascade="all, delete-orphan", lazy="selectin"
    )


class JobRoleRow(Base):
    """One role of a job and the last record that its agent gave of it."""

    __tablename__ = "job_roles"
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int]
    party: Mapped[int]
    record: Mapped[dict[str, Any]]  # common.api.RoleStatus


class ModelRow(Base):
    """A finished training's model; its parts stand at the parties until the deployment is deleted."""

    __tablename__ = "models"
    version: Mapped[str] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    model_id: Mapped[str]
    algorithm: Mapped[str]
    deployment_id: Mapped[str] = mapped_column(ForeignKey("deployments.id"))
    created: Mapped[str]
    deleted: Mapped[str | None]


class BindingRow(Base):
    """Which model answers to a service name."""

    __tablename__ = "bindings"
    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(ForeignKey("models.version"))
    bound: Mapped[str]


class InvitationRow(Base):
    """``state``: open → asked → approved → joined → left, or withdrawn. Of the token only its hash is here."""

    __tablename__ = "invitations"
    id: Mapped[str] = mapped_column(primary_key=True)
    party: Mapped[int]
    token_hash: Mapped[str] = mapped_column(unique=True)  # SHA-256, hex
    created: Mapped[str]
    expires: Mapped[str]
    state: Mapped[str]
    fingerprint: Mapped[str]  # of the key that asked first; empty while nobody has
    details: Mapped[dict[str, Any]]  # request, certificate, where from, where its agent listens


class AuditRow(Base):
    """Who changed what, in the same transaction as the change. Each row seals the one before (``common.chain``)."""

    __tablename__ = "audit"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[str]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    details: Mapped[dict[str, Any]]
    previous: Mapped[str | None]
    digest: Mapped[str | None]
