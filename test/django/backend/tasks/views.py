from django.contrib.auth.models import User
from rest_framework import serializers
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import RefreshToken

from .models import Task


class UserSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["username", "password"]
        extra_kwargs = {"password": {"write_only": True}}

    def create(self, validated_data):
        return User.objects.create_user(**validated_data)


class TaskSerializer(serializers.ModelSerializer):
    class Meta:
        model = Task
        fields = ["id", "title", "description", "status"]


def own(request, pk):
    return Task.objects.filter(user=request.user, pk=pk).first()


def missing():
    return Response({"error": "Task not found"}, status=404)


@api_view(["POST"])
@permission_classes([AllowAny])
def register(request):
    serializer = UserSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    serializer.save()
    return Response({"message": "User registered successfully"}, status=201)


@api_view(["POST"])
@permission_classes([AllowAny])
def log_out(request):
    try:
        RefreshToken(request.data["refresh"]).blacklist()
    except (KeyError, TokenError):
        return Response({"error": "Invalid token"}, status=400)
    return Response({"message": "Successfully logged out"})


@api_view(["GET"])
def list_tasks(request):
    return Response(TaskSerializer(Task.objects.filter(user=request.user).order_by("id"), many=True).data)


@api_view(["POST"])
def create_task(request):
    serializer = TaskSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    serializer.save(user=request.user)
    return Response(serializer.data, status=201)


@api_view(["GET"])
def get_task(request, pk):
    task = own(request, pk)
    return Response(TaskSerializer(task).data) if task else missing()


@api_view(["PUT"])
def update_task(request, pk):
    task = own(request, pk)
    if not task:
        return missing()
    serializer = TaskSerializer(task, data=request.data, partial=True)
    serializer.is_valid(raise_exception=True)
    serializer.save()
    return Response(serializer.data)


@api_view(["DELETE"])
def delete_task(request, pk):
    task = own(request, pk)
    if not task:
        return missing()
    task.delete()
    return Response({"message": "Task deleted successfully"})
