from rig.fixture import rig

__all__ = ["rig"]
