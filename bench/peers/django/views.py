import tasks
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet
from serializers import RegisterSerializer, TaskSerializer


class RegisterView(APIView):
    permission_classes = [AllowAny]

    def post(self, request):
        serializer = RegisterSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response({"message": "User registered successfully"}, status=201)


class TaskViewSet(ViewSet):
    def list(self, request):
        return Response(TaskSerializer(tasks.every(request.user.id), many=True).data)

    def create(self, request):
        serializer = TaskSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        task = tasks.create(request.user.id, serializer.validated_data)
        return Response(TaskSerializer(task).data, status=201)

    def retrieve(self, request, id):
        return Response(TaskSerializer(self.find(request, id)).data)

    def update(self, request, id):
        task = self.find(request, id)
        serializer = TaskSerializer(task, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        tasks.update(request.user.id, id, serializer.validated_data)
        return Response(TaskSerializer({**task, **serializer.validated_data}).data)

    def destroy(self, request, id):
        if not tasks.remove(request.user.id, id):
            raise NotFound
        return Response({"message": "Task deleted successfully"})

    def find(self, request, id):
        task = tasks.find(request.user.id, id)
        if not task:
            raise NotFound
        return task
